#include "wire.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>

namespace refrain::bench {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; }

}  // namespace

sockaddr_in address_of(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const std::size_t colon = text.rfind(':');
  const bool parsed = colon != std::string::npos &&
                      inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) == 1;
  if (!parsed) give_up("'" + text + "' is not ADDRESS:PORT");
  const unsigned long port = std::strtoul(text.c_str() + colon + 1, nullptr, 10);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int listen_on(const std::string& text) {
  sockaddr_in address = address_of(text);
  const int one = 1;
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ::setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening, plain, sizeof address) != 0 || ::listen(listening, 4096) != 0) {
    give_up("listen " + text + ": " + std::strerror(errno));
  }
  socklen_t length = sizeof address;
  ::getsockname(listening, plain, &length);
  std::printf("listens on %s:%u\n", text.substr(0, text.rfind(':')).c_str(),
              static_cast<unsigned>(ntohs(address.sin_port)));
  std::fflush(stdout);
  return listening;
}

int connect_to(const sockaddr_in& address) {
  const int one = 1;
  const int connected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connected < 0) return -1;
  ::setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // On loopback a blocking connect returns at once unless the listener's queue is full.
  if (::connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(connected);
    return -1;
  }
  return connected;
}

void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool read_all(int socket, std::string& in) {
  char buffer[kReadBytes];
  for (;;) {
    const ssize_t count = ::recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    in.append(buffer, static_cast<std::size_t>(count));
    if (static_cast<std::size_t>(count) < sizeof buffer) return true;
  }
}

bool write_some(int socket, std::string& out) {
  const ssize_t count = ::send(socket, out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  out.erase(0, static_cast<std::size_t>(count));
  return true;
}

std::string_view header(std::string_view head, std::string_view lower_case_name) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const bool named = line.size() > lower_case_name.size() &&
                       line[lower_case_name.size()] == ':' &&
                       std::equal(lower_case_name.begin(), lower_case_name.end(), line.begin(),
                                  [](char a, char b) { return a == lower(b); });
    if (!named) continue;
    std::string_view value = line.substr(lower_case_name.size() + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return {};
}

Arguments::Arguments(int count, char** words, std::map<std::string, std::string> defaults)
    : values_(std::move(defaults)) {
  for (int i = 1; i < count; i += 2) {
    const std::string name = std::string_view(words[i]).starts_with("--") ? words[i] + 2 : "";
    if (!values_.contains(name) || i + 1 == count) {
      std::string known;
      for (const auto& [each, value] : values_) known += " --" + each + " (" + value + ")";
      give_up(std::string(words[i]) + " is unknown or has no value; known:" + known);
    }
    values_[name] = words[i + 1];
  }
}

long Arguments::number(const std::string& name) const {
  char* end = nullptr;
  const long value = std::strtol(text(name).c_str(), &end, 10);
  if (*end != '\0' || value < 0) give_up("--" + name + " " + text(name) + " is no whole number");
  return value;
}

std::string quantiles(std::vector<double>& values) {
  std::ranges::sort(values);
  const auto at = [&](double share) {
    if (values.empty()) return 0.0;
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(share * last + 0.5)];
  };
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const double mean = values.empty() ? 0 : sum / static_cast<double>(values.size());
  char out[256];
  std::snprintf(out, sizeof out,
                R"({"p50":%.4f,"p90":%.4f,"p99":%.4f,"max":%.4f,"mean":%.4f,"count":%zu})", at(.5),
                at(.9), at(.99), at(1), mean, values.size());
  return out;
}

}  // namespace refrain::bench
