// Drives a RESP server with SET and GET of equal values: one thread and one command in flight per
// connection, as LMCache's client does. Prints one line of JSON.
//   resp_load PORT set|get BYTES CONNECTIONS KEYS SECONDS
// A value begins and ends with the number of its key, which every GET checks; its length too.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "resp_load: %s\n", why.c_str());
  std::exit(1);
}

std::uint64_t number(const char* text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  if (error != std::errc{} || *end != '\0') die(std::string("not a number: ") + text);
  return value;
}

class Peer {
 public:
  explicit Peer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval limit{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  }
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(std::string_view bytes, int flags = 0) {
    while (!bytes.empty()) {
      ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
      if (count <= 0) die("send failed");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void receive(char* to, std::size_t size) {
    while (size > 0) {
      ssize_t count = ::recv(fd_, to, size, 0);
      if (count <= 0) die("the server closed, or is silent for a minute");
      to += count;
      size -= static_cast<std::size_t>(count);
    }
  }

 private:
  int fd_;
};

struct Work {
  std::uint16_t port = 0;
  bool sets = false;
  std::size_t bytes = 0, connections = 1, keys = 1;
  double seconds = 1;
};

struct Done {
  std::vector<double> milliseconds;
};

std::string key_of(std::size_t number) { return "model@00000001@00@" + std::to_string(number); }

void stamp(std::string& value, std::uint64_t number) {
  std::memcpy(value.data(), &number, sizeof number);
  std::memcpy(value.data() + value.size() - sizeof number, &number, sizeof number);
}

void one_set(Peer& peer, std::string& value, std::uint64_t number) {
  stamp(value, number);
  std::string key = key_of(number);
  peer.send("*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n$" +
                std::to_string(value.size()) + "\r\n", MSG_MORE);
  peer.send(value, MSG_MORE);
  peer.send("\r\n");
  char reply[5];
  peer.receive(reply, sizeof reply);
  if (std::string_view(reply, 5) != "+OK\r\n") die("SET was not answered by OK");
}

void one_get(Peer& peer, std::string& value, std::uint64_t number) {
  std::string key = key_of(number);
  peer.send("*2\r\n$3\r\nGET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n");
  const std::string head = "$" + std::to_string(value.size()) + "\r\n";
  std::string got(5, '\0');
  peer.receive(got.data(), got.size());
  if (got == "$-1\r\n") die("GET found nothing");
  got.resize(head.size());
  peer.receive(got.data() + 5, got.size() - 5);
  if (got != head) die("GET has another length: " + got);
  peer.receive(value.data(), value.size());
  char end[2];
  peer.receive(end, sizeof end);
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::memcpy(&first, value.data(), sizeof first);
  std::memcpy(&last, value.data() + value.size() - sizeof last, sizeof last);
  if (first != number || last != number) die("GET has another value");
}

double percentile(std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void report(const Work& work, std::vector<double> all, double seconds) {
  std::ranges::sort(all);
  const auto count = static_cast<double>(all.size());
  std::printf("{\"op\": \"%s\", \"bytes\": %zu, \"connections\": %zu, \"count\": %.0f, "
              "\"gb_per_s\": %.4f, \"ops_per_s\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
              work.sets ? "set" : "get", work.bytes, work.connections, count,
              count * static_cast<double>(work.bytes) / seconds / 1e9, count / seconds,
              percentile(all, 0.5), percentile(all, 0.99));
}

void run(const Work& work) {
  std::vector<Done> done(work.connections);
  std::atomic<std::size_t> next{0};
  const auto start = Clock::now();
  const auto until = start + std::chrono::duration<double>(work.seconds);
  {
    std::vector<std::jthread> threads;
    for (Done& own : done) {
      threads.emplace_back([&] {
        Peer peer(work.port);
        std::string value(work.bytes, 'v');
        // Sets go round once at least, so that gets find every key.
        for (;;) {
          const std::size_t number = next.fetch_add(1);
          const bool round = !work.sets || number >= work.keys;
          if (round && Clock::now() >= until) break;
          const std::size_t key = number % work.keys;
          const auto began = Clock::now();
          if (work.sets) one_set(peer, value, key);
          else one_get(peer, value, key);
          const std::chrono::duration<double, std::milli> took = Clock::now() - began;
          own.milliseconds.push_back(took.count());
        }
      });
    }
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  std::vector<double> all;
  for (Done& own : done) all.insert(all.end(), own.milliseconds.begin(), own.milliseconds.end());
  report(work, std::move(all), took.count());
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) die("usage: resp_load PORT set|get BYTES CONNECTIONS KEYS SECONDS");
  Work work;
  work.port = static_cast<std::uint16_t>(number(words[1]));
  work.sets = std::string_view(words[2]) == "set";
  work.bytes = number(words[3]);
  work.connections = number(words[4]);
  work.keys = number(words[5]);
  work.seconds = static_cast<double>(number(words[6]));
  if (work.bytes < 16 || work.connections == 0 || work.keys == 0) die("BYTES, ... too small");
  run(work);
}
