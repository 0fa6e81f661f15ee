#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace refrain {

/// A socket of this machine alone; closed with the object.
class Loopback {
 public:
  explicit Loopback(int descriptor = -1) : descriptor_(descriptor) {}
  Loopback(Loopback&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Loopback& operator=(Loopback&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Loopback() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

  static sockaddr_in address(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
  }
  /// Bound to a port that the system chose.
  static Loopback bound(std::uint16_t& port) {
    Loopback out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int yes = 1;
    ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in name = address(port);
    ::bind(out.get(), reinterpret_cast<sockaddr*>(&name), sizeof name);
    socklen_t size = sizeof name;
    ::getsockname(out.get(), reinterpret_cast<sockaddr*>(&name), &size);
    port = ntohs(name.sin_port);
    return out;
  }
  /// get() is below 0 when nobody listens there.
  static Loopback connected(std::uint16_t port) {
    Loopback out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name = address(port);
    int failed = ::connect(out.get(), reinterpret_cast<sockaddr*>(&name), sizeof name);
    return failed == 0 ? std::move(out) : Loopback();
  }
  /// A port that nobody uses now; another program may take it first.
  static std::uint16_t free_port() {
    std::uint16_t port = 0;
    Loopback probe = bound(port);
    return port;
  }

 private:
  int descriptor_;
};

/// Waits until something listens on the port, or `gone()` is true.
template <class Gone>
bool await_listener(std::uint16_t port, Gone gone) {
  for (int i = 0; i < 3000 && !gone(); ++i) {
    if (Loopback::connected(port).get() >= 0) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

}  // namespace refrain
