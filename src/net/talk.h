#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace refrain::net {

/// Rings a conversation from any thread, at any time, also when it has ended. Cheap.
class Waker {
 public:
  virtual ~Waker() = default;
  /// Output may have come, or room: it is asked again, on its own thread. No wake is lost.
  virtual void wake() = 0;
};

/// Who is at the other end.
struct Peer {
  std::string address;       // without port
  bool loopback = false;     // 127.0.0.0/8 or ::1
  std::size_t listener = 0;  // index in Options::listeners
};

/// What a conversation is doing, for time-outs and for the end.
enum class Mood : std::uint8_t {
  idle,     // between messages, owes nothing
  reading,  // in the middle of a message
  working   // owes output
};

/// One side of a connection whose protocol net does not know: bytes in, bytes out, both without a
/// copy by net. Threads: its connection's; no function may block.
class Talk {
 public:
  virtual ~Talk() = default;
  /// Where the next bytes go. Empty: none are wanted until output was taken, or wake(); the peer
  /// will feel it.
  virtual std::span<char> room() = 0;
  /// `count` bytes were put into room().
  virtual void received(std::size_t count) = 0;
  /// The bytes to be written next, in order; returns how many of `out` were set, 0 for none now.
  /// They stay valid until written() has taken them. May do work that waits for its turn.
  virtual std::size_t gather(std::span<std::string_view> out) = 0;
  /// The first `count` bytes of what gather() gave are on their way.
  virtual void written(std::size_t count) = 0;
  virtual Mood mood() const = 0;
  /// Close once nothing is to be written.
  virtual bool over() const = 0;
};

/// Makes a conversation for each connection.
class Talks {
 public:
  virtual ~Talks() = default;
  /// Threads: any network thread.
  virtual std::unique_ptr<Talk> open(const Peer& peer, std::shared_ptr<Waker> waker) = 0;
};

}  // namespace refrain::net
