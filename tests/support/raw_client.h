#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/server.h"

namespace refrain::net {

/// A reply as it came over a socket.
struct RawReply {
  int status = 0;  // 0: none came, or none that can be read
  std::string head;
  Headers headers;
  std::string body;       // chunks joined
  std::size_t chunks = 0;
  bool whole = false;     // the body came to its proper end
  std::string header(std::string_view lower_case_name) const {
    const std::string* value = find(headers, lower_case_name);
    return value ? *value : std::string();
  }
};

/// A client on 127.0.0.1 that sends exactly the bytes it is told to. Every wait has a limit of ten
/// seconds, after which it gives up as at an end of file. Threads: one.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_bytes = 0) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address),
                           sizeof(address)) == 0;
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_),
        held_(std::move(other.held_)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  /// Nothing more will be sent.
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool get(std::string_view path, std::string_view headers = {}) {
    return send("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers) +
                "\r\n");
  }
  bool post(std::string_view path, std::string_view body) {
    return send("POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }

  /// Adds what the socket has to what is held; false at the end, on an error or after ten seconds.
  bool receive() {
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 10'000) <= 0) return false;
    std::string room(64 << 10, '\0');
    const ssize_t count = ::recv(fd_, room.data(), room.size(), 0);
    if (count <= 0) return false;
    held_.append(room, 0, static_cast<std::size_t>(count));
    return true;
  }
  /// Everything up to the end of the connection.
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(held_, {});
  }
  /// Waits for at least `bytes` bytes, or the end; returns and keeps nothing of what came.
  std::string read_at_least(std::size_t bytes) {
    while (held_.size() < bytes && receive()) {
    }
    return std::exchange(held_, {});
  }
  /// The next `bytes` bytes; fewer if the end comes first.
  std::string read_exactly(std::size_t bytes) {
    while (held_.size() < bytes && receive()) {
    }
    return take(std::min(bytes, held_.size()));
  }
  /// True if the server closes without sending anything more.
  bool ended() { return held_.empty() && !receive() && closed_by_peer(); }

  /// One reply; `method` HEAD means that it has no body.
  RawReply read_reply(std::string_view method = "GET") {
    RawReply reply = read_head();
    if (reply.status == 0) return reply;
    if (method == "HEAD" || reply.status < 200 || reply.status == 204 || reply.status == 304) {
      reply.whole = true;
    } else if (reply.header("transfer-encoding") == "chunked") {
      while (read_chunk(reply)) {
      }
    } else if (!reply.header("content-length").empty()) {
      const std::size_t length = number(reply.header("content-length"), 10);
      while (held_.size() < length && receive()) {
      }
      reply.whole = held_.size() >= length;
      reply.body = take(length);
    } else {
      reply.body = read_all();
      reply.whole = true;
    }
    return reply;
  }
  /// Status line and headers only; the body stays to be read.
  RawReply read_head() {
    RawReply reply;
    std::size_t end = 0;
    while ((end = held_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return reply;
    }
    reply.head = take(end + 4);
    if (!reply.head.starts_with("HTTP/1.1 ")) return reply;
    reply.status = static_cast<int>(number(reply.head.substr(9, 3), 10));
    std::size_t from = reply.head.find("\r\n") + 2;
    while (from + 2 < reply.head.size()) {
      const std::size_t to = reply.head.find("\r\n", from);
      const std::size_t colon = reply.head.find(": ", from);
      if (colon > to) break;
      reply.headers.emplace_back(reply.head.substr(from, colon - from),
                                 reply.head.substr(colon + 2, to - colon - 2));
      from = to + 2;
    }
    return reply;
  }
  /// Appends one chunk to the reply; false at the last one (whole) or a cut.
  bool read_chunk(RawReply& reply) {
    std::size_t line = 0;
    while ((line = held_.find("\r\n")) == std::string::npos) {
      if (!receive()) return false;
    }
    const std::size_t size = number(held_.substr(0, line), 16);
    while (held_.size() < line + 2 + size + 2) {
      if (!receive()) return false;
    }
    take(line + 2);
    reply.body += take(size);
    take(2);
    reply.whole = size == 0;
    if (size > 0) ++reply.chunks;
    return size > 0;
  }

 private:
  static std::size_t number(std::string_view text, int base) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
  }
  std::string take(std::size_t count) {
    std::string out = held_.substr(0, count);
    held_.erase(0, count);
    return out;
  }
  bool closed_by_peer() const {
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, 0) > 0;
  }

  int fd_ = -1;
  bool connected_ = false;
  std::string held_;
};

}  // namespace refrain::net
