#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "index/kernel.h"
#include "policy/vote.h"

namespace refrain::quality {

struct Near {
  std::size_t entry = 0;
  double cosine = 0;
};

/// What is stored so far, searched by looking at all of it.
class Entries {
 public:
  explicit Entries(std::size_t dim) : dim_(dim) {}
  /// whose: what the caller knows the entry by.
  void add(std::span<const float> row, std::size_t whose) {
    rows_.insert(rows_.end(), row.begin(), row.end());
    whose_.push_back(whose);
  }
  std::size_t whose(std::size_t entry) const { return whose_[entry]; }
  /// policy::kNeighboursMax at most, best first.
  std::vector<Near> nearest(std::span<const float> query) const {
    std::vector<Near> best;
    for (std::size_t at = 0; at < whose_.size(); ++at) {
      const double cosine = index::kernels.f32(query.data(), rows_.data() + at * dim_, dim_);
      if (best.size() == policy::kNeighboursMax && cosine <= best.back().cosine) continue;
      const auto place = std::ranges::upper_bound(best, cosine, std::greater(), &Near::cosine);
      best.insert(place, {at, cosine});
      if (best.size() > policy::kNeighboursMax) best.pop_back();
    }
    return best;
  }

 private:
  std::size_t dim_;
  std::vector<float> rows_;
  std::vector<std::size_t> whose_;
};

}  // namespace refrain::quality
