#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "index/vector_index.h"

namespace refrain::index {

/// Order of results: higher score first, equal scores by smaller id.
inline bool better(const Neighbour& a, const Neighbour& b) noexcept {
  return a.score > b.score || (a.score == b.score && a.id < b.id);
}

/// The k best of what is offered, in a heap whose top is the worst of them.
class Best {
 public:
  explicit Best(std::size_t k) : k_(k) { heap_.reserve(k); }
  void offer(Neighbour candidate) {
    if (heap_.size() < k_) {
      heap_.push_back(candidate);
      std::push_heap(heap_.begin(), heap_.end(), better);
    } else if (better(candidate, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.back() = candidate;
      std::push_heap(heap_.begin(), heap_.end(), better);
    }
  }
  /// Best first; leaves nothing behind.
  std::vector<Neighbour> take() {
    std::sort_heap(heap_.begin(), heap_.end(), better);
    return std::move(heap_);
  }

 private:
  std::size_t k_;  // at least 1
  std::vector<Neighbour> heap_;
};

}  // namespace refrain::index
