#pragma once

#include <functional>
#include <unordered_set>
#include <vector>

#include "store/store.h"

namespace refrain::store {

/// What eviction has to know of an entry.
struct Lean {
  EntryId id = 0;
  Facts facts;  // without now
};

/// Chooses who goes when room is needed. Reading a million facts to find the least valuable would
/// take long, so a hand goes round the records in order of ids, as in the clock algorithm: it looks
/// at a window, takes at most a quarter of it, those of least value, and goes on. Records of one
/// window are of about one age, which is what makes their values comparable at all; a store that
/// fits into one window is ordered exactly.
class Hand {
 public:
  static constexpr std::size_t kWindow = 8192;  // rows: about 10 ms to read

  /// At most `limit` entries with an id > after, in order.
  using Window = std::function<Result<std::vector<Lean>>(EntryId after, std::size_t limit)>;
  struct Wanted {
    const std::unordered_set<EntryId>& keep;
    std::uint64_t bytes = 0;
    WallTime now{};
  };

  explicit Hand(const Options& options) : options_(options) {}
  /// Empty only if there is nothing but what must be kept.
  Result<std::vector<Lean>> choose(const Wanted& wanted, const Window& window);

 private:
  const Options& options_;
  EntryId at_ = 0;  // where the last choice stopped
};

}  // namespace refrain::store
