#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "policy/eviction.h"
#include "values/large_file.h"
#include "values/segment.h"

namespace refrain::values {

struct Space;

/// What is known of one key. Lives in its space until it is removed.
struct Entry {
  const std::string* key = nullptr;  // of the map that holds it
  Space* space = nullptr;
  std::uint64_t order = 0;  // when the key came to be; scans go by it
  policy::Slot slot = 0;
  std::uint64_t bytes = 0;
  std::optional<base::WallTime> expires;
  Place place;                              // in the log; none when nothing is kept
  std::shared_ptr<const std::string> blob;  // a small value in memory
  std::shared_ptr<LargeFile> file;          // a large value
  std::shared_ptr<Mapping> mapping;         // and its pages in memory
  bool in_memory = false;                   // known to the memory tier's policy
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

/// The keys of one namespace.
struct Space {
  std::string name;
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries;
  std::map<std::uint64_t, Entry*> by_order;
};

/// All keys of all spaces, by name, by slot, by age and by end of life. It owns no decision: what
/// leaves the memory or the disk is said by whoever calls it.
/// Threads: one at a time.
class Index {
 public:
  Entry* find(std::string_view space, std::string_view key);
  /// The entry of the key, made if there is none. `made` says which.
  Entry& get(std::string_view space, std::string_view key, bool& made);
  void set_expiry(Entry& entry, std::optional<base::WallTime> expires);
  /// Takes the entry out and returns what it held.
  Entry remove(Entry& entry);
  Entry* at(policy::Slot slot) const { return slots_[slot]; }
  Space* space(std::string_view name);
  std::uint64_t count() const noexcept { return count_; }
  /// Slots are below this; some are free.
  policy::Slot slots() const noexcept { return static_cast<policy::Slot>(slots_.size()); }
  /// The entry that ends first, if it has ended by `now`.
  Entry* expired(base::WallTime now) const;

 private:
  std::unordered_map<std::string, std::unique_ptr<Space>, TextHash, std::equal_to<>> spaces_;
  std::vector<Entry*> slots_;
  std::vector<policy::Slot> free_;
  std::set<std::pair<base::WallTime, policy::Slot>> ends_;
  std::uint64_t next_order_ = 1, count_ = 0;
};

}  // namespace refrain::values
