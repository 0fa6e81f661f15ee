#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::policy {

/// The caller's number of an item: small and dense, given again after the item is gone.
using Slot = std::uint32_t;

/// A new item. `identity` names it beyond its life (a hash of its key), so that a policy knows it
/// when it comes back.
struct Newcomer {
  Slot slot = 0;  // must be free; not UINT32_MAX
  std::uint64_t identity = 0;
  std::uint64_t bytes = 0;  // at least 1
};

/// Decides which items of a bounded cache go. It holds numbers, not items: the caller owns those,
/// holds the lock and does the deleting. Deterministic: same calls, same victims. No clock.
/// Victims that are appended to `out` are gone from the policy: no removed() for them.
/// Threads: one at a time. Cost: O(1) per call, amortised over the victims.
class Eviction {
 public:
  virtual ~Eviction() = default;
  /// Takes the item in and appends who had to go so that all inside weigh at most bytes_max. The
  /// newcomer, of at most bytes_max, is never among them.
  virtual void admit(const Newcomer& item, std::vector<Slot>& out);
  /// Takes the item in and makes no room: for a caller that keeps a limit of its own by evict().
  virtual void added(const Newcomer& item) = 0;
  /// Takes out victims, worst first, until their bytes reach `bytes` or none are left.
  void evict(std::uint64_t bytes, std::vector<Slot>& out);
  /// The item was asked for and found.
  virtual void used(Slot slot) = 0;
  /// The caller took the item out for a reason of its own.
  virtual void removed(Slot slot) = 0;
  /// Of all items inside.
  virtual std::uint64_t bytes() const noexcept = 0;

 protected:
  explicit Eviction(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  const std::uint64_t bytes_max_;

 private:
  // Takes out the item that is worth least and returns its slot. bytes() > 0.
  virtual Slot evict_one() = 0;
};

struct EvictionOptions {
  std::uint64_t bytes_max = 0;  // what the cache may hold
  std::uint64_t seed = 1;       // of "random", which is as deterministic as the others
};

/// The names that make_eviction() knows; the first is the default everywhere.
std::span<const std::string_view> eviction_names() noexcept;

/// Errors: invalid (a name that is not in eviction_names(); the sentence lists them).
base::Result<std::unique_ptr<Eviction>> make_eviction(std::string_view name,
                                                      const EvictionOptions& options);

}  // namespace refrain::policy
