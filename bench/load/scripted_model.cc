// A model API whose answers are known: one thread, epoll. It streams `events` deltas, the first
// after `first-ms`, the others `gap-ms` apart; each says when it was written ("sent=NANOSECONDS;"),
// so that whoever reads it, directly or through a proxy on the same machine, knows how long it
// travelled. A request without "stream":true gets the same text whole, after first-ms.
// /v1/embeddings gives vectors that are made from the texts: equal texts have equal vectors, and
// "again: " before a text turns its vector a little (cosine about .97), which stands for the same
// question in other words.
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <queue>
#include <unordered_map>

#include "wire.h"

namespace refrain::bench {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::string_view kAgain = "again: ";

struct Script {
  long events = 20, first_ms = 20, gap_ms = 5, dim = 384;
};

struct Peer {
  int socket = -1;
  std::uint64_t number = 0;  // so that a timer of a connection that is gone finds nobody
  std::string in, out;
  bool streams = false;
  long left = 0;
};

struct Due {
  std::int64_t when;
  std::uint64_t number;
  bool operator<(const Due& other) const { return when > other.when; }
};

std::string chunk(std::string_view body) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  return size + std::string(body) + "\r\n";
}

std::string delta(std::string_view inside, std::string_view finish) {
  return R"(data: {"id":"chatcmpl-s","object":"chat.completion.chunk","created":1,"model":"m",)"
         R"("choices":[{"index":0,"delta":{)" +
         std::string(inside) + R"(},"finish_reason":)" + std::string(finish) + "}]}\n\n";
}

std::string stamp() { return "sent=" + std::to_string(monotonic_ns()) + ";"; }

std::string whole(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// A small generator (splitmix64): the same text gives the same row everywhere.
class Noise {
 public:
  explicit Noise(std::string_view text) {
    for (char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  double next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-52 - 1;
  }

 private:
  std::uint64_t state_ = 14695981039346656037U;
};

// Texts that begin alike, up to a comma or a colon, lie in one region, as texts of one topic do:
// the sum of a random row for each such beginning and one for the whole. Random rows alone would
// have no regions, and no index finds its way among them.
std::string vector_of(std::string_view text, long dim) {
  const bool again = text.starts_with(kAgain);
  Noise turn(text);
  if (again) text.remove_prefix(kAgain.size());
  std::vector<Noise> parts = {Noise(text)};
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ',' || text[at] == ':') parts.emplace_back(text.substr(0, at));
  }
  std::string out = "[";
  char number[16];
  for (long i = 0; i < dim; ++i) {
    double value = again ? 0.4 * turn.next() : 0;
    for (Noise& part : parts) value += part.next();
    std::snprintf(number, sizeof number, "%s%.4f", i == 0 ? "" : ",", value);
    out += number;
  }
  return out + "]";
}

// The strings of "input": our own requests, so no escapes but \" are expected.
std::vector<std::string> inputs(std::string_view body) {
  std::vector<std::string> out;
  std::size_t at = body.find("\"input\"");
  if (at == std::string_view::npos) return out;
  at = body.find(':', at) + 1;
  const bool list = body.find_first_not_of(" ", at) == body.find('[', at);
  while (at < body.size() && body[at] != ']') {
    if (body[at++] != '"') continue;
    std::string text;
    for (; at < body.size() && body[at] != '"'; ++at) {
      if (body[at] == '\\') ++at;
      text += body[at];
    }
    ++at;
    out.push_back(std::move(text));
    if (!list) break;
  }
  return out;
}

class Model {
 public:
  Model(int listening, const Script& script)
      : listening_(listening), script_(script), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 0}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, listening_, &event);
  }

  [[noreturn]] void run() {
    epoll_event ready[256];
    for (;;) {
      const std::int64_t wait = due_.empty()
                                    ? 1000 * kMillisecond
                                    : std::max<std::int64_t>(0, due_.top().when - monotonic_ns());
      const timespec limit{wait / 1'000'000'000, wait % 1'000'000'000};
      const int count = ::epoll_pwait2(poll_, ready, 256, &limit, nullptr);
      for (int i = 0; i < count; ++i) {
        if (ready[i].data.u64 == 0) {
          accept_all();
        } else if (const auto found = peers_.find(ready[i].data.u64); found != peers_.end()) {
          on_ready(*found->second);
        }
      }
      for (const std::int64_t now = monotonic_ns(); !due_.empty() && due_.top().when <= now;) {
        const auto found = peers_.find(due_.top().number);
        due_.pop();
        if (found != peers_.end()) go_on(*found->second);
      }
    }
  }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      const int one = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      auto peer = std::make_unique<Peer>();
      peer->socket = socket;
      peer->number = ++numbers_;
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = peer->number}};
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event);
      peers_[peer->number] = std::move(peer);
    }
  }

  void on_ready(Peer& peer) {
    if (!read_all(peer.socket, peer.in) ||
        (!peer.out.empty() && !write_some(peer.socket, peer.out))) {
      ::close(peer.socket);
      peers_.erase(peer.number);
      return;
    }
    const std::size_t head = peer.in.find("\r\n\r\n");
    if (head == std::string::npos) return;
    const std::string_view lines = std::string_view(peer.in).substr(0, head + 2);
    const std::string length(header(lines, "content-length"));
    const std::size_t size = std::strtoul(length.c_str(), nullptr, 10);
    if (peer.in.size() < head + 4 + size) return;
    begin(peer, lines.substr(0, lines.find("\r\n")),
          std::string_view(peer.in).substr(head + 4, size));
    peer.in.erase(0, head + 4 + size);
  }

  void begin(Peer& peer, std::string_view line, std::string_view body) {
    if (line.find("/embeddings") != std::string_view::npos) {
      std::string rows;
      long index = 0;
      for (const std::string& text : inputs(body)) {
        rows += std::string(index == 0 ? "" : ",") + R"({"object":"embedding","index":)" +
                std::to_string(index) + R"(,"embedding":)" + vector_of(text, script_.dim) + "}";
        ++index;
      }
      return send(peer, whole(R"({"object":"list","model":"scripted","data":[)" + rows +
                              R"(],"usage":{"prompt_tokens":1,"total_tokens":1}})"));
    }
    const std::size_t stream = body.find("\"stream\"");
    peer.streams = stream != std::string_view::npos &&
                   body.find("true", stream) == body.find_first_not_of(": ", stream + 8);
    peer.left = script_.events;
    due_.push({monotonic_ns() + script_.first_ms * kMillisecond, peer.number});
  }

  void go_on(Peer& peer) {
    if (!peer.streams) {
      return send(peer, whole(R"({"id":"chatcmpl-s","object":"chat.completion","created":1,)"
                              R"("model":"m","choices":[{"index":0,"finish_reason":"stop",)"
                              R"("message":{"role":"assistant","content":")" +
                              stamp() +
                              R"("}}],"usage":{"prompt_tokens":5,"completion_tokens":5,)"
                              R"("total_tokens":10}})"));
    }
    std::string out;
    if (peer.left == script_.events) {
      out =
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
          "chunked\r\n\r\n";
    }
    out += chunk(delta(R"("content":")" + stamp() + "\"", "null"));
    if (--peer.left == 0) {
      out += chunk(delta("", "\"stop\"") + "data: [DONE]\n\n") + "0\r\n\r\n";
    } else {
      due_.push({monotonic_ns() + script_.gap_ms * kMillisecond, peer.number});
    }
    send(peer, std::move(out));
  }

  void send(Peer& peer, std::string bytes) {
    peer.out += bytes;
    write_some(peer.socket, peer.out);
  }

  int listening_;
  Script script_;
  int poll_;
  std::uint64_t numbers_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Peer>> peers_;
  std::priority_queue<Due> due_;
};

}  // namespace
}  // namespace refrain::bench

int main(int count, char** words) {
  using namespace refrain::bench;
  const Arguments arguments(count, words,
                            {{"listen", "127.0.0.1:0"},
                             {"events", "20"},
                             {"first-ms", "20"},
                             {"gap-ms", "5"},
                             {"dim", "384"}});
  std::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_TIMERSLACK, 1);
  raise_file_limit();
  const Script script{arguments.number("events"), arguments.number("first-ms"),
                      arguments.number("gap-ms"), arguments.number("dim")};
  Model(listen_on(arguments.text("listen")), script).run();
}
