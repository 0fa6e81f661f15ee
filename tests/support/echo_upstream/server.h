#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tests/support/echo_upstream/replies.h"

namespace refrain::echo {

/// An HTTP/1.1 server on one thread over epoll; carries as many slow streams as there are file
/// descriptors.
class Server {
 public:
  /// port 0: a free one. Errors: conflict (port in use), unavailable.
  static base::Result<std::unique_ptr<Server>> open(std::uint16_t port, const Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  /// Serves until the process ends.
  [[noreturn]] void run();

 private:
  struct Connection {
    std::uint64_t serial = 0;  // tells a connection from the next one with its number
    std::string in, out;
    Reply reply;
    Step held;  // made, but its time has not come
    bool replying = false, waiting = false, stalled = false, closing = false, wants_out = false;
  };
  struct Due {
    base::Instant when;
    int fd;
    std::uint64_t serial;
    bool operator>(const Due& other) const { return when > other.when; }
  };

  explicit Server(const Settings& settings) : settings_(settings) {}
  void accept_all();
  bool read(Connection& connection, int fd);
  bool take_request(Connection& connection);
  std::string answer_get(const std::string& target) const;
  void go_on(Connection& connection, int fd);
  static void send_held(Connection& connection);
  bool flush(Connection& connection, int fd);
  void drop(int fd);
  void serve_due();
  int wait_milliseconds() const;

  const Settings settings_;
  const base::SystemClock clock_;
  int listener_ = -1, epoll_ = -1;
  std::uint16_t port_ = 0;
  std::uint64_t serial_ = 0, posts_ = 0, left_early_ = 0;
  std::string last_;
  std::unordered_map<int, Connection> connections_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace refrain::echo
