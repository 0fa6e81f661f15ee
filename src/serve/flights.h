#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "chat/flight.h"
#include "key/identity.h"

namespace refrain::serve {

/// Answers in the making, by what was asked: equal requests of one scope share a flight.
/// Threads: any; sharded by key.
class Flights {
 public:
  struct Joined {
    std::shared_ptr<chat::Flight> flight;  // joined already: the caller must leave() it
    bool opened = false;                   // true: the caller has to fly it
  };
  /// Joins the flight of that key and those canonical bytes, or opens one.
  Joined join(const key::Key& key, const std::string& canonical, std::size_t bytes_max);
  /// Later requests open a new one. Ignores a flight that is not the one listed.
  void remove(const key::Key& key, const chat::Flight* flight);
  std::size_t size() const;

 private:
  struct Listed {
    std::string canonical;
    std::shared_ptr<chat::Flight> flight;
  };
  using Table = std::unordered_map<key::Key, Listed, key::KeyHash>;
  static constexpr std::size_t kShards = 16;
  base::Mutex<Table>& shard(const key::Key& key) { return shards_[key.high % kShards]; }
  std::array<base::Mutex<Table>, kShards> shards_;
};

}  // namespace refrain::serve
