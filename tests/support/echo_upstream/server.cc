#include "tests/support/echo_upstream/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

namespace refrain::echo {

using base::Code, base::fail, base::Result;

namespace {

// The length of the body that a head announces; 0 without one.
std::size_t content_length(std::string head) {
  std::ranges::transform(head, head.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  constexpr std::string_view kName = "\r\ncontent-length:";
  std::size_t at = head.find(kName);
  if (at == std::string::npos) return 0;
  at = head.find_first_not_of(' ', at + kName.size());
  std::size_t length = 0;
  std::from_chars(head.data() + at, head.data() + head.size(), length);
  return length;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(std::uint16_t port, const Settings& settings) {
  std::unique_ptr<Server> server(new Server(settings));
  server->epoll_ = epoll_create1(EPOLL_CLOEXEC);
  server->listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int yes = 1;
  setsockopt(server->listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(server->listener_, plain, sizeof address) != 0) {
    return fail(Code::conflict, fmt::format("port {} is in use", port));
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = server->listener_;
  if (listen(server->listener_, 4096) != 0 || server->epoll_ < 0 ||
      epoll_ctl(server->epoll_, EPOLL_CTL_ADD, server->listener_, &event) != 0) {
    return fail(Code::unavailable, "cannot listen");
  }
  socklen_t length = sizeof address;
  getsockname(server->listener_, plain, &length);
  server->port_ = ntohs(address.sin_port);
  return server;
}

Server::~Server() {
  for (const auto& [fd, unused] : connections_) close(fd);
  if (listener_ >= 0) close(listener_);
  if (epoll_ >= 0) close(epoll_);
}

void Server::accept_all() {
  for (;;) {
    int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    connections_[fd].serial = ++serial_;
  }
}

// False once the peer has closed.
bool Server::read(Connection& connection, int fd) {
  std::array<char, 16'384> bytes;
  for (;;) {
    ssize_t got = recv(fd, bytes.data(), bytes.size(), 0);
    if (got > 0) {
      connection.in.append(bytes.data(), static_cast<std::size_t>(got));
    } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return true;
    } else {
      return false;
    }
  }
}

// False while the next request is not there as a whole.
bool Server::take_request(Connection& connection) {
  std::size_t end = connection.in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  std::string head = connection.in.substr(0, end + 2);
  std::size_t length = content_length(head);
  if (connection.in.size() < end + 4 + length) return false;
  Request request;
  std::size_t first = head.find(' ');
  std::size_t second = head.find(' ', first + 1);
  request.method = head.substr(0, first);
  request.target = head.substr(first + 1, second - first - 1);
  request.body = connection.in.substr(end + 4, length);
  connection.in.erase(0, end + 4 + length);
  if (connection.in.empty()) connection.in.shrink_to_fit();
  connection.replying = true;
  if (request.method != "POST") {
    connection.reply = [step = Step{answer_get(request.target), {}, true, After::keep}] {
      return step;
    };
    return true;
  }
  connection.reply = reply_to(request, settings_, ++posts_);
  last_ = std::move(request.body);
  return true;
}

std::string Server::answer_get(const std::string& target) const {
  std::string type = "Content-Type: application/json\r\n";
  if (target == "/count") {
    auto open = std::ranges::count_if(connections_,
                                      [](const auto& entry) { return entry.second.replying; });
    return whole(
        200,
        fmt::format(R"({{"count":{},"open":{},"left_early":{}}})", posts_, open - 1, left_early_),
        type);
  }
  if (target == "/last") return whole(200, last_, type);
  if (target == "/v1/models") {
    return whole(200,
                 R"({"object":"list","data":[{"id":"echo-model","object":"model",)"
                 R"("created":1700000000,"owned_by":"echo"}]})",
                 type);
  }
  if (target == "/info") {
    return whole(200, R"({"model_id":"echo-model","version":"0","max_input_tokens":4096})", type);
  }
  if (target == "/health") return whole(200, "");
  return whole(404, R"({"error":{"message":"no such path","type":"not_found"}})", type);
}

// Sends what there is and makes what is due, until something has to be waited for.
void Server::go_on(Connection& connection, int fd) {
  for (;;) {
    if (!flush(connection, fd)) return;
    if (connection.closing) return drop(fd);
    if (connection.waiting || connection.stalled) return;
    if (!connection.replying && !take_request(connection)) return;
    connection.held = connection.reply();
    if (connection.held.wait.count() > 0) {
      connection.waiting = true;
      due_.push({clock_.now() + connection.held.wait, fd, connection.serial});
      return;
    }
    send_held(connection);
  }
}

void Server::send_held(Connection& connection) {
  connection.out += connection.held.bytes;
  if (!connection.held.last) return;
  connection.closing = connection.held.after == After::close;
  connection.stalled = connection.held.after == After::stall;
  connection.replying = connection.stalled;
  connection.reply = {};
}

// False if bytes are left, or the connection has gone.
bool Server::flush(Connection& connection, int fd) {
  while (!connection.out.empty()) {
    ssize_t sent = send(fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      connection.out.erase(0, static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      break;
    } else {
      drop(fd);
      return false;
    }
  }
  bool wants_out = !connection.out.empty();
  if (wants_out != connection.wants_out) {
    epoll_event event{};
    event.events = EPOLLIN | (wants_out ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
    connection.wants_out = wants_out;
  }
  if (!wants_out) std::string().swap(connection.out);
  return !wants_out;
}

void Server::drop(int fd) {
  auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  if (found->second.replying) ++left_early_;
  connections_.erase(found);
  close(fd);
}

void Server::serve_due() {
  base::Instant now = clock_.now();
  while (!due_.empty() && due_.top().when <= now) {
    Due due = due_.top();
    due_.pop();
    auto found = connections_.find(due.fd);
    if (found == connections_.end() || found->second.serial != due.serial) continue;
    found->second.waiting = false;
    send_held(found->second);
    go_on(found->second, due.fd);
  }
}

int Server::wait_milliseconds() const {
  if (due_.empty()) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(due_.top().when - clock_.now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Server::run() {
  std::array<epoll_event, 512> events;
  for (;;) {
    int count =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_milliseconds());
    for (int i = 0; i < count; ++i) {
      int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_) {
        accept_all();
        continue;
      }
      auto found = connections_.find(fd);
      if (found == connections_.end()) continue;
      if (!read(found->second, fd)) {
        drop(fd);
      } else {
        go_on(found->second, fd);
      }
    }
    serve_due();
  }
}

}  // namespace refrain::echo
