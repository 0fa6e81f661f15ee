// One acceptor for all loops, not one socket per loop with SO_REUSEPORT: the kernel then spreads
// connections by a hash, and of sixteen on two threads one thread has eleven or more in one case
// of five. Here each goes to the loop with the fewest, which costs one post per connection, not
// per request.
#include "net/acceptor.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace refrain::net {
namespace {

constexpr int kAcceptRounds = 64;  // then the first loop's own connections have their turn
constexpr std::chrono::milliseconds kBackOff{100};

// The kernel's sentence, in lower case as our own sentences are.
std::string sentence(const boost::system::error_code& error) {
  std::string text = error.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] | 32);
  return text;
}

}  // namespace

Acceptor::Acceptor(std::vector<std::unique_ptr<Loop>>& loops, std::size_t listener, Counts& counts)
    : loops_(loops),
      shared_(loops[0]->shared()),
      listener_(listener),
      counts_(counts),
      listening_(loops[0]->context().get_executor()),
      pause_(loops[0]->context().get_executor()) {}

base::Result<> Acceptor::listen() {
  const Listener& wanted = shared_.options.listeners[listener_];
  boost::system::error_code error;
  const auto address = asio::ip::make_address(wanted.address, error);
  if (error) {
    return base::fail(base::Code::invalid,
                      fmt::format("listen address \"{}\" is not a numeric IP address",
                                  wanted.address));
  }
  const Tcp::endpoint endpoint(address, wanted.port);
  listening_.open(endpoint.protocol(), error);
  if (!error) listening_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) listening_.bind(endpoint, error);
  if (!error) listening_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) listening_.non_blocking(true, error);
  if (!error) return {};
  const bool busy = error == asio::error::address_in_use;
  const std::string shown = address.is_v6() ? fmt::format("[{}]", wanted.address) : wanted.address;
  return base::fail(busy ? base::Code::conflict : base::Code::io,
                    fmt::format("listen {}:{}: {}", shown, wanted.port, sentence(error)));
}

std::uint16_t Acceptor::port() const {
  boost::system::error_code ignored;
  return listening_.local_endpoint(ignored).port();
}

void Acceptor::close() {
  boost::system::error_code ignored;
  listening_.close(ignored);
  pause_.cancel();
}

void Acceptor::wait() {
  listening_.async_wait(Listening::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->accept_all();
  });
}

void Acceptor::accept_all() {
  if (!listening_.is_open()) return;
  for (int round = 0; round < kAcceptRounds; ++round) {
    Arrival arrival{.fd = -1, .peer = {}, .listener = listener_};
    auto length = static_cast<socklen_t>(arrival.peer.capacity());
    arrival.fd = ::accept4(listening_.native_handle(), arrival.peer.data(), &length,
                           SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (arrival.fd < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return back_off(errno);
    }
    arrival.peer.resize(length);
    if (shared_.connections_open.fetch_add(1) >= shared_.options.connections_max) {
      shared_.connections_open.fetch_sub(1);
      counts_.refused.add();
      ::close(arrival.fd);
      complaint_.warn("connection refused",
                      {{"connections_max", shared_.options.connections_max}});
      continue;
    }
    const Listener& listener = shared_.options.listeners[listener_];
    if (listener.talks && shared_.lines_open.fetch_add(1) >= listener.limits.connections_max) {
      shared_.lines_open.fetch_sub(1);
      shared_.connections_open.fetch_sub(1);
      counts_.refused.add();
      ::close(arrival.fd);
      complaint_.warn("connection refused",
                      {{"line_connections_max", listener.limits.connections_max}});
      continue;
    }
    counts_.accepted.add();
    const auto& loop = *std::ranges::min_element(
        loops_, {}, [](const auto& candidate) { return candidate->connections(); });
    loop->adopt(arrival);
  }
  wait();
}

// Out of files or memory: the connection stays in the kernel's queue, so waiting for readability
// would return at once, again and again.
void Acceptor::back_off(int error) {
  counts_.errors.add();
  complaint_.warn("accept failed", {{"error", std::strerror(error)}});
  pause_.expires_after(kBackOff);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
    if (!stopped) self->accept_all();
  });
}

}  // namespace refrain::net
