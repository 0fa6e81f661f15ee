#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"

namespace refrain::net {

/// One text message of a WebSocket client, and the place of its reply. Replies go out when they are
/// given, in any order; one that nobody gives is none. Threads: any.
class Letter {
 public:
  virtual ~Letter() = default;
  /// Valid UTF-8, whole.
  virtual const std::string& text() const = 0;
  virtual base::Instant received() const = 0;
  /// Sends one text message. The first call counts. Dropped if the client has left.
  virtual void reply(std::string text) = 0;
};

/// Serves one WebSocket. Destroyed when it has ended; its letters may live longer.
/// Threads: one call at a time, on the connection's. Must not block.
class Correspondent {
 public:
  virtual ~Correspondent() = default;
  virtual void receive(std::shared_ptr<Letter> letter) = 0;
};

/// Bounds of one WebSocket. What is over them is not read until there is room again.
struct WebLimits {
  std::size_t message_max = std::size_t{32} << 20;        // over it: closed with 1009
  std::size_t letters_max = 4096;                         // without a reply yet
  std::size_t replies_bytes_max = std::size_t{16} << 20;  // that the peer has not taken yet
  // Without a byte from the peer for half of it: a ping; for all of it: closed.
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds write_timeout{30'000};  // of one message: closed
};

}  // namespace refrain::net
