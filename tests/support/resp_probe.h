#pragma once

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/resp.h"
#include "tests/support/values_probe.h"
#include "wire/resp.h"

namespace refrain::api {

/// Rings that a test waits for.
class Rings final : public net::Waker {
 public:
  void wake() override {
    std::lock_guard guard(lock_);
    ++count_;
    changed_.notify_all();
  }
  bool wait_beyond(int count) {
    std::unique_lock guard(lock_);
    return changed_.wait_for(guard, std::chrono::seconds(10), [&] { return count_ > count; });
  }
  int count() {
    std::lock_guard guard(lock_);
    return count_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  int count_ = 0;
};

/// A client of the door without a socket.
class RespClient {
 public:
  RespClient(RespDoor& door, net::Peer peer)
      : rings_(std::make_shared<Rings>()), talk_(door.open(peer, rings_)) {}

  /// Gives these bytes as a socket would, as many as are wanted; returns how many were.
  std::size_t give(std::string_view bytes) {
    std::size_t given = 0;
    while (given < bytes.size()) {
      const std::span<char> room = talk_->room();
      if (room.empty()) break;
      const std::size_t count = std::min(room.size(), bytes.size() - given);
      std::copy_n(bytes.data() + given, count, room.data());
      talk_->received(count);
      given += count;
    }
    return given;
  }
  /// Everything that is owed; waits for the disk.
  std::string take() {
    std::string out;
    for (;;) {
      const int rung = rings_->count();
      std::array<std::string_view, 64> views;
      const std::size_t used = talk_->gather(views);
      if (used == 0 && talk_->mood() != net::Mood::working) return out;
      if (used == 0 && !rings_->wait_beyond(rung)) return out + "<stuck>";
      std::size_t total = 0;
      for (std::size_t i = 0; i < used; ++i) {
        out += views[i];
        total += views[i].size();
      }
      if (total > 0) talk_->written(total);
    }
  }
  std::string say(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      const std::size_t given = give(bytes);
      out += take();
      if (given == 0) break;
      bytes.remove_prefix(given);
    }
    return out;
  }
  /// A command as an array of its words.
  static std::string command(const std::vector<std::string>& words) {
    std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) {
      bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    return bytes;
  }
  std::string ask(const std::vector<std::string>& words) { return say(command(words)); }
  /// In the words that redis-cli would take.
  std::string ask_line(std::string_view line) { return ask(*wire::resp::split_inline(line)); }
  net::Talk& talk() { return *talk_; }

 private:
  std::shared_ptr<Rings> rings_;
  std::unique_ptr<net::Talk> talk_;
};

inline std::string bulk(std::string_view bytes) {
  return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}

/// The door over values in a temporary folder.
struct RespProbe {
  explicit RespProbe(RespDoor::Options settings = {.flush = true, .version = "test"},
                     key::Tenants::Options table = {})
      : tenants(table), door(std::move(settings), *values.values, tenants, values.clock) {}
  RespClient client(bool loopback = true) { return RespClient(door, {"127.0.0.1", loopback, 0}); }

  values::ValuesProbe values;
  key::Tenants tenants;
  RespDoor door;
};

/// Two tenants with a key each, "key-a" and "key-b".
inline key::Tenants::Options two_tenants() {
  key::Tenants::Options table;
  for (const char* id : {"a", "b"}) {
    key::Tenants::Options::Row row;
    row.tenant.id = id;
    row.keys = {std::string("key-") + id};
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace refrain::api
