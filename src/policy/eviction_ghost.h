#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "policy/eviction_queue.h"

namespace refrain::policy {

/// Identities of items that left, newest first, with the bytes that they had: what a policy
/// remembers of the past. Bounded by who calls drop_oldest().
/// Threads: one at a time. Cost: O(1) per call.
class Ghost {
 public:
  Ghost() = default;
  Ghost(const Ghost&) = delete;
  Ghost& operator=(const Ghost&) = delete;

  /// One that is there already becomes the newest.
  void remember(std::uint64_t identity, std::uint64_t bytes);
  /// Forgets it and returns its bytes, if it was there.
  std::optional<std::uint64_t> recall(std::uint64_t identity);
  bool knows(std::uint64_t identity) const { return slots_.contains(identity); }
  void drop_oldest();
  bool empty() const noexcept { return order_.empty(); }
  std::uint64_t bytes() const noexcept { return order_.bytes(); }

 private:
  EvictionNodes nodes_;
  EvictionQueue order_{nodes_};
  std::unordered_map<std::uint64_t, Slot> slots_;
  std::vector<Slot> free_;
  Slot slots_made_ = 0;
};

}  // namespace refrain::policy
