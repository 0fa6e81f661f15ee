// Sends the bodies of a file, one a line, over `connections` keep-alive connections, each one
// request at a time, and says how long the replies took: to their first byte, to their end, and how
// long each event of a stream travelled since the scripted model wrote it ("sent=NANOSECONDS;").
// One thread, epoll. Once as many replies are open as there are connections, it says "all open" on
// stderr.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

#include "wire.h"

namespace refrain::bench {
namespace {

constexpr std::string_view kChunkedEnd = "\r\n0\r\n\r\n";
constexpr std::string_view kStamp = "sent=";
constexpr int kQuietMilliseconds = 60'000;

struct Connection {
  int socket = -1;
  std::string out, in;
  std::size_t looked = 0;  // bytes of `in` in which stamps were looked for
  std::size_t head = 0;    // its length with the empty line; 0: not whole yet
  std::int64_t asked = 0, first = 0;
  bool open = false;
};

class Asking {
 public:
  Asking(const Arguments& arguments, std::vector<std::string> bodies)
      : to_(address_of(arguments.text("to"))),
        target_(arguments.text("target")),
        host_(arguments.text("to")),
        bodies_(std::move(bodies)),
        poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    const auto wanted = static_cast<std::size_t>(arguments.number("connections"));
    connections_.resize(std::min(wanted, bodies_.size()));
    if (!arguments.text("rows").empty()) rows_.open(arguments.text("rows"));
  }

  int run() {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i] = std::make_unique<Connection>();
      connect(i);
      // Reading in between: otherwise what comes early is stamped late.
      if (i % 16 == 15) turn(0);
    }
    while (running_ > 0) {
      if (turn(kQuietMilliseconds)) continue;
      std::fprintf(stderr, "%zu connections heard nothing for %d ms\n", running_,
                   kQuietMilliseconds);
      errors_ += running_;
      break;
    }
    print();
    return errors_ == 0 ? 0 : 1;
  }

 private:
  void connect(std::size_t i) {
    Connection& connection = *connections_[i];
    connection.socket = connect_to(to_);
    if (connection.socket < 0) {
      if (++errors_ == 1) std::fprintf(stderr, "connect: %s\n", std::strerror(errno));
      return;
    }
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = i}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, connection.socket, &event);
    ++running_;
    ask(connection);
  }

  bool turn(int wait_ms) {
    epoll_event ready[256];
    const int count = ::epoll_wait(poll_, ready, 256, wait_ms);
    for (int i = 0; i < count; ++i) on_ready(*connections_[ready[i].data.u64]);
    return count > 0;
  }

  void ask(Connection& connection) {
    connection.in.clear();
    connection.looked = connection.head = 0;
    connection.first = 0;
    if (next_ == bodies_.size()) {
      ::close(std::exchange(connection.socket, -1));
      --running_;
      return;
    }
    const std::string& body = bodies_[next_++];
    connection.out =
        "POST " + target_ + " HTTP/1.1\r\nHost: " + host_ +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    connection.asked = monotonic_ns();
    if (!write_some(connection.socket, connection.out)) fail(connection);
  }

  void fail(Connection& connection) {
    if (++errors_ == 1) {
      std::fprintf(stderr, "failed: %s\n", connection.in.substr(0, 300).c_str());
    }
    ::close(std::exchange(connection.socket, -1));
    if (std::exchange(connection.open, false)) --open_;
    --running_;
  }

  void on_ready(Connection& connection) {
    if (connection.socket < 0) return;
    if (!connection.out.empty() && !write_some(connection.socket, connection.out))
      return fail(connection);
    const std::size_t before = connection.in.size();
    if (!read_all(connection.socket, connection.in)) return fail(connection);
    if (connection.in.size() == before) return;
    const std::int64_t now = monotonic_ns();
    if (connection.first == 0) {
      connection.first = now;
      connection.open = true;
      if (++open_ == connections_.size() && !told_) {
        std::fprintf(stderr, "all open\n");
        told_ = true;
      }
    }
    look_for_stamps(connection, now);
    if (connection.head == 0) {
      const std::size_t end = connection.in.find("\r\n\r\n");
      if (end == std::string::npos) return;
      connection.head = end + 4;
    }
    if (is_whole(connection)) finish(connection, now);
  }

  void look_for_stamps(Connection& connection, std::int64_t now) {
    for (;;) {
      const std::size_t at = connection.in.find(kStamp, connection.looked);
      if (at == std::string::npos) break;
      const std::size_t end = connection.in.find(';', at);
      if (end == std::string::npos) return;
      const std::int64_t sent =
          std::strtoll(connection.in.c_str() + at + kStamp.size(), nullptr, 10);
      connection.looked = end;
      if (sent > 0) events_us_.push_back(static_cast<double>(now - sent) / 1e3);
    }
    connection.looked = std::max(
        connection.looked, connection.in.size() - std::min(connection.in.size(), kStamp.size()));
  }

  static bool is_whole(const Connection& connection) {
    const std::string_view head = std::string_view(connection.in).substr(0, connection.head);
    const std::string length(header(head, "content-length"));
    if (length.empty()) return connection.in.ends_with(kChunkedEnd);
    return connection.in.size() >= connection.head + std::strtoul(length.c_str(), nullptr, 10);
  }

  void finish(Connection& connection, std::int64_t now) {
    const std::string_view in = connection.in;
    const std::string_view head = in.substr(0, connection.head);
    const bool streamed = header(head, "content-length").empty();
    const bool good = in.starts_with("HTTP/1.1 200") &&
                      (!streamed || in.find("data: [DONE]") != std::string_view::npos);
    if (!good) return fail(connection);
    const double first = static_cast<double>(connection.first - connection.asked) / 1e6;
    const double last = static_cast<double>(now - connection.asked) / 1e6;
    first_ms_.push_back(first);
    whole_ms_.push_back(last);
    const std::string outcome(header(head, "x-refrain-cache"));
    const std::string tier(header(head, "x-refrain-tier"));
    ++outcomes_[outcome + (tier.empty() ? "" : " " + tier)];
    if (rows_.is_open()) {
      rows_ << first << ' ' << last << ' ' << header(head, "x-refrain-request-id") << '\n';
    }
    connection.open = false;
    --open_;
    ask(connection);
  }

  void print() {
    std::string outcomes;
    for (const auto& [name, count] : outcomes_) {
      outcomes += (outcomes.empty() ? "\"" : ",\"") + name + "\":" + std::to_string(count);
    }
    std::printf(R"({"requests":%zu,"errors":%zu,"outcomes":{%s},"first_ms":%s,"whole_ms":%s,)"
                R"("event_us":%s})"
                "\n",
                whole_ms_.size(), errors_, outcomes.c_str(), quantiles(first_ms_).c_str(),
                quantiles(whole_ms_).c_str(), quantiles(events_us_).c_str());
  }

  sockaddr_in to_;
  std::string target_, host_;
  std::vector<std::string> bodies_;
  int poll_;
  std::size_t next_ = 0, running_ = 0, open_ = 0, errors_ = 0;
  bool told_ = false;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<double> first_ms_, whole_ms_, events_us_;
  std::map<std::string, std::size_t> outcomes_;
  std::ofstream rows_;
};

}  // namespace
}  // namespace refrain::bench

int main(int count, char** words) {
  using namespace refrain::bench;
  const Arguments arguments(count, words,
                            {{"to", "127.0.0.1:8780"},
                             {"bodies", ""},
                             {"rows", ""},
                             {"connections", "1"},
                             {"target", "/v1/chat/completions"}});
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  std::vector<std::string> bodies;
  std::ifstream file(arguments.text("bodies"));
  for (std::string line; std::getline(file, line);) bodies.push_back(line);
  if (bodies.empty()) {
    std::fprintf(stderr, "--bodies '%s' has no line\n", arguments.text("bodies").c_str());
    return 2;
  }
  return Asking(arguments, std::move(bodies)).run();
}
