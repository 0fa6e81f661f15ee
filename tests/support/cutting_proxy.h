#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "tests/support/loopback.h"

namespace refrain {

/// A wire between a client and a server of this machine that a test can cut, hold up or reset.
class CuttingProxy {
 public:
  explicit CuttingProxy(std::uint16_t server) : server_(server) {
    listener_ = Loopback::bound(port_);
    ::listen(listener_.get(), 64);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  std::uint16_t port() const { return port_; }

  /// Both ends are reset, once, after so many more bytes towards the server; below 0: never.
  void cut_after_sent(std::int64_t bytes) { up_left_ = bytes; }
  /// The same for bytes towards the client.
  void cut_after_received(std::int64_t bytes) { down_left_ = bytes; }
  void mend() { up_left_ = down_left_ = -1; }
  void hold(bool still) { held_ = still; }
  /// New connections are closed at once, old ones reset.
  void refuse(bool all) { refusing_ = all; }
  std::int64_t sent() const { return sent_; }
  std::int64_t received() const { return received_; }

 private:
  struct Pair {
    Loopback client, server;
  };

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> waits = {{listener_.get(), POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        waits.push_back({pair.client.get(), POLLIN, 0});
        waits.push_back({pair.server.get(), POLLIN, 0});
      }
      ::poll(waits.data(), held_ ? 0 : waits.size(), 5);
      if (held_) continue;
      step(waits);
    }
  }
  void step(const std::vector<pollfd>& waits) {
    std::vector<Pair> left;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const bool up = (waits[1 + 2 * i].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
      const bool down = (waits[2 + 2 * i].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
      Pair& pair = pairs_[i];
      bool good = !refusing_;
      if (good && up) good = pass(pair.client, pair.server, up_left_, sent_);
      if (good && down) good = pass(pair.server, pair.client, down_left_, received_);
      if (good) {
        left.push_back(std::move(pair));
      } else {
        reset(pair);
      }
    }
    pairs_ = std::move(left);
    if ((waits[0].revents & POLLIN) == 0) return;
    Loopback client(::accept(listener_.get(), nullptr, nullptr));
    Loopback server = Loopback::connected(server_);
    if (refusing_ || server.get() < 0) return;
    pairs_.push_back({std::move(client), std::move(server)});
  }
  static bool pass(const Loopback& from, const Loopback& to, std::atomic<std::int64_t>& left,
                   std::atomic<std::int64_t>& count) {
    char buffer[65536];
    ssize_t got = ::recv(from.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    const std::int64_t allowed = left;
    const bool cut = allowed >= 0 && got >= allowed;
    const ssize_t size = cut ? static_cast<ssize_t>(allowed) : got;
    for (ssize_t at = 0; at < size;) {
      const auto rest = static_cast<std::size_t>(size - at);
      ssize_t put = ::send(to.get(), buffer + at, rest, MSG_NOSIGNAL);
      if (put <= 0) return false;
      at += put;
    }
    count += size;
    if (allowed >= 0) left = cut ? -1 : allowed - size;
    return !cut;
  }
  static void reset(const Pair& pair) {
    linger now{1, 0};
    ::setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::setsockopt(pair.server.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

  const std::uint16_t server_;
  std::uint16_t port_ = 0;
  Loopback listener_;
  std::atomic<std::int64_t> up_left_{-1}, down_left_{-1}, sent_{0}, received_{0};
  std::atomic<bool> held_{false}, refusing_{false};
  std::vector<Pair> pairs_;  // of the thread
  std::jthread thread_;      // last, so that it ends first
};

}  // namespace refrain
