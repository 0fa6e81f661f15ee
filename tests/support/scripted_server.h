#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/pool.h"

namespace refrain::test {

/// A socket listening on a free loopback port.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int yes = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    CHECK(fd_ >= 0 && bind(fd_, plain, sizeof address) == 0 && listen(fd_, 4096) == 0,
          "a loopback port to listen on");
    socklen_t length = sizeof address;
    getsockname(fd_, plain, &length);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// From now on the port refuses.
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// What a script sees of one connection. Everything blocks, and ends at once when the server stops.
class Connection {
 public:
  struct Request {
    std::string method, target, head, body;  // head: the header lines as they came
  };

  Connection(int fd, std::size_t index) : fd_(fd), index_(index) {}

  /// 0 for the first connection the server accepted, and so on.
  std::size_t index() const { return index_; }

  /// The next request with its whole body (Content-Length only); nullopt once the peer has closed.
  std::optional<Request> read() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    Request request;
    request.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    std::size_t first = request.head.find(' ');
    std::size_t second = request.head.find(' ', first + 1);
    request.method = request.head.substr(0, first);
    request.target = request.head.substr(first + 1, second - first - 1);
    std::size_t length = content_length(request.head);
    while (buffer_.size() < length) {
      if (!fill()) return std::nullopt;
    }
    request.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return request;
  }

  /// False once the peer has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Each byte in a packet of its own, as far as the kernel lets it.
  bool send_split(std::string_view bytes) {
    int yes = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    for (char c : bytes) {
      if (!send({&c, 1})) return false;
    }
    return true;
  }
  /// A whole reply with Content-Length. headers: lines that each end in CRLF.
  bool reply(int status, std::string_view body, std::string_view headers = {}) {
    return send("HTTP/1.1 " + std::to_string(status) +
                " Scripted\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                std::string(headers) + "\r\n" + std::string(body));
  }
  /// Blocks until the peer closes: the way to stall.
  void wait_closed() {
    while (fill()) {
    }
  }
  /// The peer gets a reset instead of an orderly end.
  void reset() {
    linger abort{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }

 private:
  static std::size_t content_length(std::string_view head) {
    constexpr std::string_view kName = "\r\ncontent-length:";
    std::string low;
    for (char c : head) low += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    std::size_t at = low.find(kName);
    if (at == std::string::npos) return 0;
    const char* digits = low.data() + at + kName.size();
    while (*digits == ' ') ++digits;
    std::size_t length = 0;
    std::from_chars(digits, low.data() + low.size(), length);
    return length;
  }
  bool fill() {
    char bytes[16'384];
    ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  std::size_t index_;
  std::string buffer_;
};

/// A loopback server that runs a script for each connection, on a thread of its own pool. The
/// connection is closed when its script returns.
class ScriptedServer {
 public:
  using Script = std::function<void(Connection&)>;

  /// connections_max: scripts that may run at the same time.
  explicit ScriptedServer(Script script, std::size_t connections_max = 8)
      : script_(std::move(script)),
        stop_(eventfd(0, EFD_CLOEXEC)),
        pool_({.name = "scripted", .threads = connections_max + 1}) {
    CHECK(pool_.submit([this] { accept_all(); }).has_value(), "a thread that accepts");
  }
  ~ScriptedServer() {
    eventfd_write(stop_, 1);
    {
      std::lock_guard guard(lock_);
      stopping_ = true;
      for (int fd : live_) shutdown(fd, SHUT_RDWR);
    }
    pool_.stop();
    ::close(stop_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// The script that answers request after request of a connection by `answer`.
  static Script each(std::function<void(Connection&, const Connection::Request&)> answer) {
    return [answer = std::move(answer)](Connection& connection) {
      while (std::optional<Connection::Request> request = connection.read()) {
        answer(connection, *request);
      }
    };
  }
  /// The i-th connection runs scripts[i]; those after the last run the last.
  static Script sequence(std::vector<Script> scripts) {
    return [scripts = std::move(scripts)](Connection& connection) {
      scripts[std::min(connection.index(), scripts.size() - 1)](connection);
    };
  }

  std::string url(std::string_view path = "") const { return listener_.url() + std::string(path); }
  std::uint16_t port() const { return listener_.port(); }
  std::size_t connections() const { return accepted_.load(); }

 private:
  void accept_all() {
    for (;;) {
      pollfd waits[] = {{listener_.fd(), POLLIN, 0}, {stop_, POLLIN, 0}};
      poll(waits, 2, -1);
      if (waits[1].revents != 0) return;
      int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      std::size_t index = accepted_.fetch_add(1);
      if (!pool_.submit([this, fd, index] { serve(fd, index); })) ::close(fd);
    }
  }
  void serve(int fd, std::size_t index) {
    {
      std::lock_guard guard(lock_);
      live_.insert(fd);
      if (stopping_) shutdown(fd, SHUT_RDWR);
    }
    Connection connection(fd, index);
    script_(connection);
    std::lock_guard guard(lock_);  // nobody may shut down a number that is given out again
    live_.erase(fd);
    ::close(fd);
  }

  const Listener listener_;
  const Script script_;
  const int stop_;
  std::atomic<std::size_t> accepted_{0};
  std::mutex lock_;
  std::set<int> live_;
  bool stopping_ = false;
  base::Pool pool_;
};

}  // namespace refrain::test
