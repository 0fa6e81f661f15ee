#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "net/loop.h"

namespace refrain::net {

/// One listening socket. Deals connections out to the loop that has the fewest.
/// Threads: listen() before the loops start, everything else on the thread of the first loop.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  struct Counts {
    base::Counter accepted, refused, errors;
  };

  Acceptor(std::vector<std::unique_ptr<Loop>>& loops, std::size_t listener, Counts& counts);
  /// Binds and listens. Errors: see Server::open.
  base::Result<> listen();
  std::uint16_t port() const;
  void start() { wait(); }
  void close();

 private:
  using Listening = asio::basic_socket_acceptor<Tcp, asio::io_context::executor_type>;
  void wait();
  void accept_all();
  void back_off(int error);

  std::vector<std::unique_ptr<Loop>>& loops_;
  Shared& shared_;
  std::size_t listener_;
  Counts& counts_;
  Listening listening_;
  Steady pause_;
  base::log::Occasionally complaint_;
};

}  // namespace refrain::net
