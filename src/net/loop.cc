// Time-outs cost nothing per request: a connection only stamps its deadline, and one timer per loop
// looks at all stamps, a few times within the shortest time-out and at least once a second. A timer
// per connection was refused: two operations on a heap and a wake of the reactor per request.
#include "net/loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>

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

// UNSAFE_IO: sockets of a context belong to its one thread; only posting needs the lock.
Loop::Loop(Shared& shared)
    : shared_(shared),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(context_.get_executor()),
      sweep_timer_(context_.get_executor()),
      sweep_interval_(sweep_interval(shared.options)),
      date_(http_date(base::SystemClock().wall())),
      mailbox_(std::make_shared<Mailbox>(
          [this] { asio::post(context_, [this] { deliver(); }); })) {}

Loop::~Loop() { mailbox_->close(); }

void Loop::start() {
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
    work_.reset();
  });
}

void Loop::join() {
  if (thread_.joinable()) thread_.join();
  mailbox_->close();
}

}  // namespace refrain::net
