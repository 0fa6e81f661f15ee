#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metric.h"
#include "net/exchange.h"
#include "net/server.h"

namespace boost::asio::ssl {
class context;
}

namespace refrain::net {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
// The concrete executor, not any_io_executor: no virtual call and no allocation per operation.
using Socket = asio::basic_stream_socket<Tcp, asio::io_context::executor_type>;
using Steady = asio::basic_waitable_timer<std::chrono::steady_clock,
                                          asio::wait_traits<std::chrono::steady_clock>,
                                          asio::io_context::executor_type>;

using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

class Connection;

/// What all threads of a server share.
struct Shared {
  Options options;
  Handler* handler = nullptr;
  std::shared_ptr<const ErrorBody> error_body;
  std::vector<std::unique_ptr<asio::ssl::context>> tls;  // one per listener, null without TLS
  std::atomic<std::size_t> requests_open{0};
  std::atomic<std::size_t> connections_open{0};
  std::atomic<std::size_t> web_open{0};    // of them, those that became WebSockets
  std::atomic<std::size_t> lines_open{0};  // of them, those of listeners with Talks
  std::atomic<bool> draining{false};
  std::mutex quiet_lock;
  std::condition_variable quiet;  // connections_open has become 0 while draining
};

/// Counts of one loop, in the words of Stats.
struct Counters {
  base::Counter requests, answered_at_once, refused_bad, refused_header, refused_body, refused_busy;
  base::Counter timeouts_header, timeouts_idle, timeouts_body, timeouts_write;
  base::Counter clients_left, headers_dropped, bytes_in, bytes_out;
  base::Counter line_bytes_in, line_bytes_out, line_timeouts;
  base::Counter web_messages_in, web_messages_out;
};

/// A connection that was accepted, as a bare socket that nobody owns yet.
struct Arrival {
  int fd = -1;
  Tcp::endpoint peer;
  std::size_t listener = 0;
};

/// An eventfd, which is readable from set() to clear().
class EventFd {
 public:
  EventFd();  // throws std::system_error when the process has no descriptor left, as asio does
  ~EventFd();
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;
  int get() const noexcept { return fd_; }
  void set() const noexcept;
  void clear() const noexcept;

 private:
  int fd_;
};

/// One thread with its io_context and the connections that it serves. Nothing of a connection is
/// ever touched by another thread, so nothing of it is locked.
class Loop {
 public:
  explicit Loop(Shared& shared);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Any thread.
  void start();
  /// Takes over the socket. Shared::connections_open has been raised for it.
  void adopt(Arrival arrival);
  /// Closes idle connections now and the others after their reply.
  void drain();
  /// Closes all connections; the thread ends when they are gone.
  void cut();
  void join();
  std::size_t connections() const noexcept { return connections_; }
  const Counters& counters() const noexcept { return counters_; }

  // The loop's thread.
  asio::io_context& context() noexcept { return context_; }
  Shared& shared() noexcept { return shared_; }
  Counters& mutable_counters() noexcept { return counters_; }
  const std::shared_ptr<Mailbox>& mailbox() const noexcept { return mailbox_; }
  /// For the date header; at most a sweep old.
  const std::string& date() const noexcept { return date_; }
  /// Another connection goes on with the socket of the one in `slot`, and is started.
  void replace(std::size_t slot, std::shared_ptr<Connection> connection);
  /// The connection is over; `slot` is what it was told.
  void forget(std::size_t slot);

 private:
  void run();
  void take_in(const Arrival& arrival);
  void listen_for_mail();
  void deliver();
  void sweep_later();
  void sweep();

  Shared& shared_;
  Counters counters_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Steady sweep_timer_;
  std::chrono::milliseconds sweep_interval_;
  bool cut_ = false;
  std::string date_;
  std::shared_ptr<const EventFd> rung_;  // the mailbox has; shared with whoever rings it
  Descriptor rung_watch_;                // of the same descriptor
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<std::shared_ptr<Connection>> connections_held_;
  std::atomic<std::size_t> connections_{0};  // adopted, taken in or not
  std::thread thread_;
};

}  // namespace refrain::net
