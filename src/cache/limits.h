#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "key/identity.h"

namespace refrain::cache {

/// How many entries one scope may hold: the least recently used go first (GKV keeps 1000 per user
/// and 1000 in common). Only scopes that were given a limit are tracked. Threads: any.
class Limits {
 public:
  /// A new entry of a scope that may hold entries_max. Returns what has to go, oldest use first.
  std::vector<key::EntryId> added(const std::string& scope, key::EntryId id,
                                  std::size_t entries_max);
  /// An entry served a hit. Unknown ids are ignored.
  void used(key::EntryId id);
  void removed(std::span<const key::EntryId> ids);
  /// Entries tracked in a scope.
  std::size_t size(const std::string& scope) const;

 private:
  using Order = std::list<key::EntryId>;  // most recently used first
  struct Spot {
    Order* order;
    Order::iterator at;
  };
  struct State {
    std::unordered_map<std::string, Order> scopes;
    std::unordered_map<key::EntryId, Spot> spots;
  };
  base::Mutex<State> state_;
};

}  // namespace refrain::cache
