#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"

namespace refrain::engine {

/// A prompt whose KV was computed, as operators see it.
struct Entry {
  std::string id{};          // UUID
  std::string request_id{};  // of the request that computed it
  std::string realm{};
  std::size_t prefix_tokens = 0;
  base::WallTime stored{}, used{};
  std::uint64_t hits = 0;
};

/// The prompts that were computed last: get, clear, statistics (reference GKV 1.5). Entries are
/// records of what can be reused, not its owners: what a prompt shares with them is found by its
/// tokens. Threads: any.
class Entries {
 public:
  struct Options {
    std::size_t entries_max = 1000;
    std::chrono::milliseconds ttl = std::chrono::hours(1);
  };
  struct Stats {
    std::uint64_t entries = 0, hits = 0, misses = 0, stores = 0, evictions = 0;
  };
  Entries(const Options& options, const base::Clock& clock) : options_(options), clock_(clock) {}

  /// Adds one; the least recently used goes if there are too many. Returns its id.
  std::string store(Entry entry);
  /// Counts as a use. realm "": any.
  std::optional<Entry> get(const std::string& id, const std::string& realm);
  /// Returns how many of the realm there were; "": all.
  std::size_t clear(const std::string& realm);
  Stats stats() const;

 private:
  using Order = std::list<Entry>;
  struct State {
    Order order;  // least recently used first
    std::unordered_map<std::string, Order::iterator> by_id;
    Stats stats;
  };
  void drop(State& state, Order::iterator entry) const;

  const Options options_;
  const base::Clock& clock_;
  mutable base::Mutex<State> state_;
};

/// A random UUID (version 4).
std::string fresh_uuid();

}  // namespace refrain::engine
