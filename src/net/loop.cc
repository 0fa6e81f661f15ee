// Time-outs cost nothing per request: a connection only stamps its deadline, and one timer per loop
// looks at all stamps, a few times within the shortest time-out and at least once a second. A timer
// per connection was refused: two operations on a heap and a wake of the reactor per request.
//
// The mailbox rings by an eventfd of its own. asio::post would wake this thread while it holds the
// lock that this thread then waits for: two more switches per event of a stream, as measured.
#include "net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>

#include "net/connection.h"
#include "net/line.h"
#include "net/reply_head.h"
#include "net/session.h"

namespace refrain::net {
namespace {

std::chrono::milliseconds sweep_interval(const Options& options) {
  using std::chrono::milliseconds;
  milliseconds shortest = std::min({options.header_timeout, options.idle_timeout,
                                    options.body_timeout, options.write_timeout});
  for (const Listener& listener : options.listeners) {
    if (!listener.talks) continue;
    const LineLimits& limits = listener.limits;
    for (const milliseconds limit :
         {limits.idle_timeout, limits.message_timeout, limits.write_timeout}) {
      if (limit.count() > 0) shortest = std::min(shortest, limit);
    }
  }
  return std::clamp(shortest / 4, milliseconds(5), milliseconds(1000));
}

}  // namespace

EventFd::EventFd() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

EventFd::~EventFd() { close(fd_); }

void EventFd::set() const noexcept {
  // Fails only when 2^64 - 2 rings wait, and then it is readable all the same.
  [[maybe_unused]] const int written = eventfd_write(fd_, 1);
}

void EventFd::clear() const noexcept {
  eventfd_t unused = 0;
  [[maybe_unused]] const int got = eventfd_read(fd_, &unused);
}

// UNSAFE_IO: sockets of a context belong to its one thread; only posting needs the lock.
Loop::Loop(Shared& shared)
    : shared_(shared),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(context_.get_executor()),
      sweep_timer_(context_.get_executor()),
      sweep_interval_(sweep_interval(shared.options)),
      date_(http_date(base::SystemClock().wall())),
      rung_(std::make_shared<EventFd>()),
      rung_watch_(context_.get_executor(), rung_->get()),
      mailbox_(std::make_shared<Mailbox>([rung = rung_] { rung->set(); })) {}

Loop::~Loop() {
  mailbox_->close();
  rung_watch_.release();  // the descriptor is rung_'s
}

void Loop::start() {
  listen_for_mail();
  sweep_later();
  thread_ = std::thread([this] { run(); });
}

void Loop::run() { context_.run(); }

void Loop::adopt(Arrival arrival) {
  connections_.fetch_add(1, std::memory_order_relaxed);
  asio::post(context_, [this, arrival] { take_in(arrival); });
}

void Loop::take_in(const Arrival& arrival) {
  Socket socket(context_.get_executor());
  boost::system::error_code error;
  socket.assign(arrival.peer.protocol(), arrival.fd, error);
  const std::size_t slot = connections_held_.size();
  std::shared_ptr<Connection> connection;
  if (shared_.options.listeners[arrival.listener].talks) {
    connection = std::make_shared<Line>(*this, std::move(socket), arrival);
  } else {
    connection = std::make_shared<Session>(*this, std::move(socket), arrival);
  }
  connections_held_.push_back(connection);
  connection->start(slot);
  if (error || cut_) connection->cut();
}

void Loop::replace(std::size_t slot, std::shared_ptr<Connection> connection) {
  connections_held_[slot] = connection;
  connection->start(slot);
  if (shared_.draining) connection->drain();
}

void Loop::forget(std::size_t slot) {
  if (slot + 1 != connections_held_.size()) {
    connections_held_[slot] = std::move(connections_held_.back());
    connections_held_[slot]->move_to(slot);
  }
  connections_held_.pop_back();
  connections_.fetch_sub(1, std::memory_order_relaxed);
  if (shared_.connections_open.fetch_sub(1) == 1 && shared_.draining) {
    std::lock_guard guard(shared_.quiet_lock);
    shared_.quiet.notify_all();
  }
}

void Loop::listen_for_mail() {
  rung_watch_.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    rung_->clear();
    deliver();
    if (!cut_) listen_for_mail();
  });
}

void Loop::deliver() {
  for (const auto& mail : mailbox_->take()) mail->deliver();
}

void Loop::sweep_later() {
  sweep_timer_.expires_after(sweep_interval_);
  sweep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !cut_) sweep();
  });
}

void Loop::sweep() {
  date_ = http_date(base::SystemClock().wall());
  const base::Instant now = std::chrono::steady_clock::now();
  // Backwards: a connection that ends takes the place of the last one, which was looked at already.
  for (std::size_t i = connections_held_.size(); i-- > 0;) {
    const auto connection = connections_held_[i];
    connection->sweep(now);
  }
  sweep_later();
}

void Loop::drain() {
  asio::post(context_, [this] {
    for (std::size_t i = connections_held_.size(); i-- > 0;) {
      const auto connection = connections_held_[i];
      connection->drain();
    }
  });
}

void Loop::cut() {
  asio::post(context_, [this] {
    cut_ = true;
    while (!connections_held_.empty()) {
      const auto connection = connections_held_.back();
      connection->cut();
    }
    sweep_timer_.cancel();
    rung_watch_.cancel();
    work_.reset();
  });
}

void Loop::join() {
  if (thread_.joinable()) thread_.join();
  mailbox_->close();
}

}  // namespace refrain::net
