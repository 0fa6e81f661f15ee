#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::policy {

/// The caller's number of an item: small and dense, given again after the item is gone.
using Slot = std::uint32_t;

/// Decides which items of a bounded cache go. It holds numbers, not items: the caller owns those,
/// holds the lock and does the deleting. Deterministic: same calls, same victims. No clock.
/// Threads: one at a time. Cost: O(1) per call, amortised over the items of evict().
class Eviction {
 public:
  virtual ~Eviction() = default;
  /// A new item. `identity` names it beyond its life (a hash of its key), so that a policy may know
  /// it when it comes back. bytes > 0. The slot must be free.
  virtual void added(Slot slot, std::uint64_t identity, std::uint64_t bytes) = 0;
  /// The item was asked for and found.
  virtual void used(Slot slot) = 0;
  /// The caller took the item out for a reason of its own.
  virtual void removed(Slot slot) = 0;
  /// Takes out victims, worst first, until their bytes reach `bytes` or none are left, and appends
  /// their slots to `out`. They are gone from the policy: no removed() for them.
  virtual void evict(std::uint64_t bytes, std::vector<Slot>& out) = 0;
  /// Of all items inside.
  virtual std::uint64_t bytes() const noexcept = 0;
};

/// name: "s3fifo" (default everywhere), "lru", "fifo". bytes_max: what the cache may hold; s3fifo
/// sizes its queues by it. Errors: invalid (another name; the sentence lists these).
base::Result<std::unique_ptr<Eviction>> make_eviction(std::string_view name,
                                                      std::uint64_t bytes_max);

}  // namespace refrain::policy
