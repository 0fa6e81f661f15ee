#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "policy/eviction.h"

namespace refrain::policy {

/// A cache of names over a policy: what a caller does, and no more.
class Shelf {
 public:
  explicit Shelf(std::string_view policy, std::uint64_t bytes_max, std::uint64_t seed = 1)
      : eviction_(*make_eviction(policy, {bytes_max, seed})) {}

  /// True on a hit; a miss adds the name.
  bool ask(std::uint64_t name, std::uint64_t bytes = 1) {
    if (auto at = slots_.find(name); at != slots_.end()) {
      eviction_->used(at->second);
      return true;
    }
    Slot slot = 0;
    while (names_.contains(slot)) ++slot;
    names_[slot] = name;
    slots_[name] = slot;
    std::vector<Slot> out;
    eviction_->admit({slot, name * 0x9e3779b97f4a7c15, bytes}, out);
    for (Slot gone : out) {
      trace_.push_back(names_.at(gone));
      slots_.erase(names_.at(gone));
      names_.erase(gone);
    }
    return false;
  }
  void remove(std::uint64_t name) {
    Slot slot = slots_.at(name);
    eviction_->removed(slot);
    slots_.erase(name);
    names_.erase(slot);
  }
  bool holds(std::uint64_t name) const { return slots_.contains(name); }
  std::size_t size() const { return slots_.size(); }
  std::uint64_t bytes() const { return eviction_->bytes(); }
  /// Names that were evicted, in order.
  const std::vector<std::uint64_t>& trace() const { return trace_; }

 private:
  std::unique_ptr<Eviction> eviction_;
  std::map<std::uint64_t, Slot> slots_;
  std::map<Slot, std::uint64_t> names_;
  std::vector<std::uint64_t> trace_;
};

using Trace = std::vector<std::uint64_t>;

/// Asks for every name in turn.
inline void ask_all(Shelf& shelf, const Trace& names) {
  for (std::uint64_t name : names) shelf.ask(name);
}

/// How many of [first, end) the shelf holds.
inline std::size_t held(const Shelf& shelf, std::uint64_t first, std::uint64_t end) {
  std::size_t count = 0;
  for (std::uint64_t name = first; name < end; ++name) count += shelf.holds(name) ? 1U : 0U;
  return count;
}

}  // namespace refrain::policy
