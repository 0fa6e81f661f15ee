#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "index/kernel.h"
#include "index/vector_index.h"

namespace refrain::index {

/// Reproducible unit vectors.
class UnitVectors {
 public:
  explicit UnitVectors(std::size_t dim, std::uint64_t seed = 1) : dim_(dim), random_(seed) {}
  std::vector<float> next() {
    std::normal_distribution<float> normal;
    std::vector<float> row(dim_);
    for (float& value : row) {
      value = normal(random_);
    }
    return unit(std::move(row));
  }
  /// A vector whose cosine with `to` is about 1 / sqrt(1 + noise^2).
  std::vector<float> near(const std::vector<float>& to, float noise) {
    std::vector<float> row = next();
    for (std::size_t d = 0; d < dim_; ++d) {
      row[d] = to[d] + noise * row[d];
    }
    return unit(std::move(row));
  }
  std::mt19937_64& random() { return random_; }

 private:
  static std::vector<float> unit(std::vector<float> row) {
    const float length = std::sqrt(kernels.f32(row.data(), row.data(), row.size()));
    for (float& value : row) {
      value /= length;
    }
    return row;
  }
  std::size_t dim_;
  std::mt19937_64 random_;
};

class OddIds final : public Filter {
 public:
  bool allows(key::EntryId id) const noexcept override { return id % 2 == 1; }
};
class Above final : public Filter {
 public:
  explicit Above(key::EntryId least) : least_(least) {}
  bool allows(key::EntryId id) const noexcept override { return id > least_; }

 private:
  key::EntryId least_;
};

/// What a VectorIndex must hold, by id; the brute-force answer to compare with.
class IndexModel {
 public:
  void put(key::EntryId id, std::vector<float> row) { rows_[id] = std::move(row); }
  bool erase(key::EntryId id) { return rows_.erase(id) > 0; }
  std::size_t size() const { return rows_.size(); }
  std::vector<Neighbour> nearest(const std::vector<float>& query, std::size_t k,
                                 const Filter* allow) const {
    std::vector<Neighbour> all;
    for (const auto& [id, row] : rows_) {
      if (allow == nullptr || allow->allows(id)) {
        all.push_back({id, kernels.f32(query.data(), row.data(), row.size())});
      }
    }
    std::ranges::sort(all, [](const Neighbour& a, const Neighbour& b) {
      return a.score > b.score || (a.score == b.score && a.id < b.id);
    });
    all.resize(std::min(k, all.size()));
    return all;
  }

 private:
  std::map<key::EntryId, std::vector<float>> rows_;
};

/// The share of `truth` that is in `found`.
inline double recall(const std::vector<Neighbour>& found, const std::vector<Neighbour>& truth) {
  std::size_t both = 0;
  for (const Neighbour& wanted : truth) {
    both += std::ranges::count(found, wanted.id, &Neighbour::id) > 0 ? 1U : 0U;
  }
  return truth.empty() ? 1 : static_cast<double>(both) / static_cast<double>(truth.size());
}

}  // namespace refrain::index
