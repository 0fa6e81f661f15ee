// A line reads straight into what its Talk gives it and writes straight from there: a value of
// gigabytes passes without a copy of ours. drive() alternates: write what there is, read what has
// come, until neither goes on. Then it waits for the socket, or for a wake.
//
// A peer that does not read stops being read: room() is empty once too much waits to be written.
// After some megabytes a line rings its own bell and returns, so that others have their turn.
#include "net/line.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace refrain::net {
namespace {

constexpr std::size_t kTurnBytes = std::size_t{4} << 20;
constexpr std::size_t kViewsMax = 64;
constexpr std::chrono::milliseconds kLinger{2000};

bool is_loopback(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

}  // namespace

Line::Line(Loop& loop, Socket socket, const Arrival& arrival)
    : loop_(loop),
      socket_(std::move(socket)),
      listener_(loop.shared().options.listeners[arrival.listener]),
      peer_{arrival.peer.address().to_string(), is_loopback(arrival.peer.address()),
            arrival.listener},
      bell_(std::make_shared<Bell>(loop.mailbox(), this)) {}

Line::~Line() = default;

void Line::start(std::size_t slot) {
  slot_ = slot;
  Error ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(Tcp::no_delay(true), ignored);
  talk_ = listener_.talks->open(peer_, bell_);
  drive();
}

void Line::arrived() {
  const auto self = shared_from_this();
  drive();
}

bool Line::has_turn() const { return moved_ < kTurnBytes; }

void Line::drive() {
  if (phase_ == Phase::lingering) return linger();
  moved_ = 0;
  bool progress = true;
  while (phase_ == Phase::open && progress && has_turn()) {
    const bool wrote = !write_pending_ && write_some();
    if (phase_ != Phase::open) return;
    const bool read = read_some();
    progress = wrote || read;
  }
  if (phase_ != Phase::open) return;
  if (progress) return bell_->wake();
  const Mood mood = talk_->mood();
  const bool owes = write_pending_ || mood == Mood::working;
  if (!owes && (talk_->over() || peer_ended_ || (draining_ && mood == Mood::idle))) return end();
  await();
}

// True if bytes came.
bool Line::read_some() {
  if (!readable_ || read_pending_ || peer_ended_) return false;
  bool came = false;
  while (has_turn()) {
    const std::span<char> room = talk_->room();
    if (room.empty()) return came;
    const ssize_t count = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      readable_ = false;
      return came;
    }
    if (count <= 0) {
      peer_ended_ = true;
      if (count < 0) close_now();
      return came;
    }
    came = true;
    const auto bytes = static_cast<std::size_t>(count);
    moved_ += bytes;
    loop_.mutable_counters().line_bytes_in.add(bytes);
    talk_->received(bytes);
    if (bytes < room.size()) {
      readable_ = false;  // what comes now will be told
      return came;
    }
    if (talk_->mood() == Mood::working) return came;
  }
  return came;
}

// True if bytes went. Sets write_pending_ when the peer does not take more.
bool Line::write_some() {
  bool went = false;
  while (has_turn()) {
    std::array<std::string_view, kViewsMax> views;
    std::array<iovec, kViewsMax> parts;
    const std::size_t used = talk_->gather(views);
    if (used == 0) return went;
    std::size_t total = 0;
    for (std::size_t i = 0; i < used; ++i) {
      parts[i] = {const_cast<char*>(views[i].data()), views[i].size()};
      total += views[i].size();
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = used;
    const ssize_t count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    const bool full = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (count < 0 && !full) {
      loop_.mutable_counters().clients_left.add();
      close_now();
      return went;
    }
    const std::size_t bytes = full ? 0 : static_cast<std::size_t>(count);
    moved_ += bytes;
    went |= bytes > 0;
    loop_.mutable_counters().line_bytes_out.add(bytes);
    if (bytes > 0) talk_->written(bytes);
    if (bytes < total) {
      await_write();
      return went;
    }
  }
  return went;
}

// ---- waiting

void Line::await() {
  const Mood mood = talk_->mood();
  if (write_pending_) {
    if (wait_ != Wait::write) wait_for(Wait::write);
  } else if (mood == Mood::working) {
    wait_for(Wait::none);
  } else {
    wait_for(mood == Mood::reading ? Wait::message : Wait::idle);
  }
  if (!peer_ended_ && !talk_->room().empty()) await_read();
}

void Line::await_read() {
  if (read_pending_) return;
  read_pending_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const Error& error) {
    self->read_pending_ = false;
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close_now();
    self->readable_ = true;
    self->drive();
  });
}

void Line::await_write() {
  write_pending_ = true;
  wait_for(Wait::write);
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const Error& error) {
    self->write_pending_ = false;
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close_now();
    self->wait_for(Wait::none);
    self->drive();
  });
}

void Line::wait_for(Wait wait) {
  const LineLimits& limits = listener_.limits;
  std::chrono::milliseconds limit{};
  switch (wait) {
    case Wait::none: break;
    case Wait::idle: limit = limits.idle_timeout; break;
    case Wait::message: limit = limits.message_timeout; break;
    case Wait::write: limit = limits.write_timeout; break;
    case Wait::linger: limit = kLinger; break;
  }
  wait_ = limit.count() > 0 ? wait : Wait::none;
  if (wait_ != Wait::none) deadline_ = std::chrono::steady_clock::now() + limit;
}

void Line::sweep(base::Instant now) {
  if (wait_ == Wait::none || now < deadline_) return;
  if (phase_ == Phase::open) loop_.mutable_counters().line_timeouts.add();
  close_now();
}

// ---- ending

void Line::drain() {
  draining_ = true;
  if (phase_ == Phase::open && !write_pending_ && talk_->mood() == Mood::idle) end();
}

// A close with unread input would reset the connection, and the peer may lose what was written.
void Line::end() {
  if (peer_ended_) return close_now();
  Error ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  phase_ = Phase::lingering;
  wait_for(Wait::linger);
  readable_ = true;
  linger();
}

void Line::linger() {
  std::array<char, 4096> dropped;
  for (;;) {
    const ssize_t count =
        ::recv(socket_.native_handle(), dropped.data(), dropped.size(), MSG_DONTWAIT);
    if (count > 0) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return await_read();
    return close_now();
  }
}

void Line::close_now() {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  phase_ = Phase::closed;
  wait_ = Wait::none;
  bell_->close();
  talk_.reset();
  Error ignored;
  socket_.close(ignored);
  loop_.shared().lines_open.fetch_sub(1);
  loop_.forget(slot_);
}

}  // namespace refrain::net
