// One connection. A read that completes runs through here to the end:
//   on_read -> advance -> RequestReader -> dispatch -> Handler -> begin_whole -> flush
// and if the handler answered inside handle(), the reply has been written by one gathered write
// before advance() looks for the next request. That is three system calls per request (the wait,
// the read, the write) and no post. Everything else is an exit from this line that comes back to
// it: what cannot be written at once goes on in on_written, an answer that comes later enters at
// arrived(), and both end in advance(), which does whatever can be done next.
//
// Invariants: at most one read and one write are pending. A request is handed out only when the
// one before it has been answered and written, so that replies keep the order of the requests.
// While a request is handled or streamed, a plain connection waits for readability without a
// buffer; what comes is kept for later, up to kAheadMax, and an end of file means that the client
// has left.
#include "net/session.h"

#include <boost/asio/write.hpp>

#include "net/web_session.h"

namespace refrain::net {
namespace {

constexpr std::size_t kReadLeast = 4096;          // room for most requests in one read
constexpr std::size_t kReadBody = 64 << 10;       // and for a large body
constexpr std::size_t kAheadMax = 64 << 10;       // pipelined bytes kept while a request is handled
constexpr std::size_t kPieceBytes = 64 << 10;     // pieces are joined up to here
constexpr int kPumpRounds = 16;                   // then other connections have their turn
constexpr std::size_t kTlsJoinMax = 16 << 10;     // smaller replies are one TLS record
constexpr std::size_t kHeadKept = 1024;            // memory for the next reply's head
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool is_loopback(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

}  // namespace

Session::Session(Loop& loop, Socket socket, const Arrival& arrival)
    : loop_(loop),
      socket_(std::move(socket)),
      listener_(arrival.listener),
      peer_(arrival.peer.address().to_string()),
      loopback_(is_loopback(arrival.peer.address())),
      reader_({loop.shared().options.header_max, loop.shared().options.body_max},
              [this](Request& head) { return receive(head); }) {}

Session::~Session() = default;

void Session::start(std::size_t slot) {
  slot_ = slot;
  Error ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(Tcp::no_delay(true), ignored);
  if (const auto& context = loop_.shared().tls[listener_]) {
    phase_ = Phase::handshake;
    tls_ = std::make_unique<asio::ssl::stream<Socket&>>(socket_, *context);
    wait_for(Wait::handshake);
    tls_->async_handshake(asio::ssl::stream_base::server,
                          [self = shared_from_this()](const Error& error) {
      if (self->phase_ == Phase::closed) return;
      if (error) return self->close_now();
      self->phase_ = Phase::reading;
      self->advance();
    });
    return;
  }
  advance();
}

void Session::wait_for(Wait wait) {
  const Options& options = loop_.shared().options;
  wait_ = wait;
  std::chrono::milliseconds limit{};
  switch (wait) {
    case Wait::none: return;
    case Wait::handshake:
    case Wait::head: limit = options.header_timeout; break;
    case Wait::idle: limit = options.idle_timeout; break;
    case Wait::body: limit = options.body_timeout; break;
    case Wait::write: limit = options.write_timeout; break;
    case Wait::linger: limit = kLinger; break;
  }
  deadline_ = std::chrono::steady_clock::now() + limit;
}

void Session::sweep(base::Instant now) {
  if (wait_ == Wait::none || now < deadline_) return;
  Counters& counters = loop_.mutable_counters();
  switch (wait_) {
    case Wait::head:
      counters.timeouts_header.add();
      return refuse(408, "the request head did not arrive in time");
    case Wait::body:
      counters.timeouts_body.add();
      return refuse(408, "the request body did not arrive in time");
    case Wait::handshake: counters.timeouts_header.add(); break;
    case Wait::idle: counters.timeouts_idle.add(); break;
    case Wait::write: counters.timeouts_write.add(); break;
    default: break;
  }
  close_now();
}

void Session::drain() {
  keep_alive_ = false;
  if (phase_ == Phase::handshake) close_now();
  if (phase_ == Phase::reading && reader_.state() == RequestReader::State::start) close_now();
}

// ---- reading

void Session::read() {
  if (read_pending_ || peer_ended_ || phase_ == Phase::closed) return;
  const bool reading = phase_ == Phase::reading;
  if (phase_ == Phase::lingering) in_.clear();
  if (!reading && in_.size() >= kAheadMax) return;
  read_pending_ = true;
  if (!tls_ && !reading) {
    in_.release();
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const Error& error) {
      self->on_readable(error);
    });
    return;
  }
  const bool large = reader_.state() == RequestReader::State::body;
  const auto [start, length] = in_.room(large ? kReadBody : kReadLeast);
  auto done = [self = shared_from_this()](const Error& error, std::size_t count) {
    self->on_read(error, count);
  };
  if (tls_) {
    tls_->async_read_some(asio::buffer(start, length), std::move(done));
  } else {
    socket_.async_read_some(asio::buffer(start, length), std::move(done));
  }
}

void Session::on_readable(const Error& error) {
  if (phase_ == Phase::closed || error) return on_read(error, 0);
  const auto [start, length] = in_.room(kReadLeast);
  Error failure;
  const std::size_t count = socket_.read_some(asio::buffer(start, length), failure);
  if (failure == asio::error::would_block) {
    read_pending_ = false;
    return read();
  }
  on_read(failure, count);
}

void Session::on_read(const Error& error, std::size_t count) {
  read_pending_ = false;
  if (phase_ == Phase::closed) return;
  if (error) return peer_left();
  in_.added(count);
  loop_.mutable_counters().bytes_in.add(count);
  if (phase_ == Phase::reading) return advance();
  if (phase_ != Phase::replying) read();
}

void Session::peer_left() {
  peer_ended_ = true;
  // A whole reply that is on its way may still be wanted: the peer may have closed one side only.
  if (phase_ == Phase::replying) return;
  if (core_) loop_.mutable_counters().clients_left.add();
  close_now();
}

void Session::advance() {
  while (phase_ == Phase::reading && !sink_waits_ && !in_.empty()) {
    in_.drop(reader_.put(in_.view()));
    const bool wanted = pass_body();
    if (reader_.state() == RequestReader::State::done || !wanted) {
      dispatch();
    } else if (reader_.state() == RequestReader::State::refused) {
      return refuse(reader_.status(), reader_.reason());
    } else {
      break;  // more bytes are needed
    }
  }
  if (phase_ == Phase::reading) return await_request();
  if (phase_ == Phase::handling || phase_ == Phase::streaming) read();
}

// The head is complete: who takes the body, and how much of it?
std::uint64_t Session::receive(Request& head) {
  Shared& shared = loop_.shared();
  head.peer = peer_;
  head.loopback = loopback_;
  head.listener = listener_;
  receiving_ = std::make_shared<Core>(Request(), loop_.mailbox(), this);
  Reception reception = shared.handler->receive(
      head, [core = std::weak_ptr<Core>(receiving_)] {
        if (const auto alive = core.lock()) alive->wake();
      });
  if (!reception.sink) {
    std::exchange(receiving_, nullptr)->close();
    return shared.options.body_max;
  }
  sink_ = std::move(reception.sink);
  return reception.body_max;
}

// Hands what came of the body to its sink. False: it wants no more.
bool Session::pass_body() {
  if (!sink_ || reader_.state() == RequestReader::State::refused) return true;
  std::string bytes = reader_.take_body();
  if (bytes.empty()) return true;
  const Take take = sink_->put(std::move(bytes));
  sink_waits_ = take == Take::wait && reader_.state() != RequestReader::State::done;
  return take != Take::stop;
}

void Session::await_request() {
  if (sink_waits_) return wait_for(Wait::none);
  switch (reader_.state()) {
    case RequestReader::State::start:
      wait_for(Wait::idle);
      break;
    case RequestReader::State::head:
      if (wait_ != Wait::head) wait_for(Wait::head);  // from its first byte, not its latest
      break;
    default:
      wait_for(Wait::body);
      if (reader_.wants_continue() && !continued_ && !say_continue()) return;
  }
  if (peer_ended_) return close_now();
  read();
}

// Returns false if reading has to wait for it.
bool Session::say_continue() {
  continued_ = true;
  loop_.mutable_counters().bytes_out.add(kContinue.size());
  if (!tls_) {
    // Everything before was taken by the kernel, so there is room; a peer that never took it will
    // send its body without being asked.
    Error ignored;
    socket_.write_some(asio::buffer(kContinue), ignored);
    return true;
  }
  wait_for(Wait::write);
  asio::async_write(*tls_, asio::buffer(kContinue),
                    [self = shared_from_this()](const Error& error, std::size_t) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close_now();
    self->advance();
  });
  return false;
}

void Session::dispatch() {
  Shared& shared = loop_.shared();
  wait_for(Wait::none);
  continued_ = false;
  const bool whole = reader_.state() == RequestReader::State::done;
  keep_alive_ = whole && reader_.keep_alive() && !shared.draining;
  refused_ = !whole;  // what the peer still sends is thrown away
  http10_ = reader_.http10();
  Request request = std::move(reader_.request());
  request.sink = std::exchange(sink_, nullptr);
  request.whole = whole;
  reader_.reset();
  head_only_ = request.method == "HEAD";
  request.peer = peer_;
  request.loopback = loopback_;
  request.listener = listener_;
  request.received = std::chrono::steady_clock::now();
  if (whole && in_.empty() && becomes_web_socket(request)) return;
  if (shared.requests_open.fetch_add(1) >= shared.options.requests_max) {
    shared.requests_open.fetch_sub(1);
    loop_.mutable_counters().refused_busy.add();
    Response response = (*shared.error_body)(503, "too many open requests", request.path);
    if (!find(response.headers, "retry-after")) response.headers.emplace_back("retry-after", "1");
    return begin_whole(std::move(response));
  }
  loop_.mutable_counters().requests.add();
  phase_ = Phase::handling;
  core_ = std::make_shared<Core>(std::move(request), loop_.mailbox(), this);
  if (receiving_) std::exchange(receiving_, nullptr)->close();
  shared.handler->handle(std::make_shared<Ticket>(core_, shared.error_body));
  if (std::optional<Answer> answer = core_->end_handling()) {
    loop_.mutable_counters().answered_at_once.add();
    begin(std::move(*answer));
  }
}

// Nothing of this session runs any more; it only keeps the sockets alive.
bool Session::becomes_web_socket(const Request& request) {
  if (!request.header("upgrade") || !wants_web_socket(request)) return false;
  std::unique_ptr<Correspondent> correspondent = loop_.shared().handler->correspond(request);
  if (!correspondent) return false;
  phase_ = Phase::handed_over;
  const WebSockets sockets{shared_from_this(), socket_, tls_.get()};
  loop_.replace(slot_, std::make_shared<WebSession>(loop_, sockets, request,
                                                    std::move(correspondent)));
  return true;
}

void Session::refuse(int status, std::string_view reason) {
  Counters& counters = loop_.mutable_counters();
  if (status == 431) counters.refused_header.add();
  else if (status == 413) counters.refused_body.add();
  else if (status != 408) counters.refused_bad.add();
  const Request& request = reader_.request();
  keep_alive_ = false;
  refused_ = true;
  head_only_ = request.method == "HEAD";
  begin_whole((*loop_.shared().error_body)(status, reason, request.path));
}

// ---- writing

void Session::arrived() {
  const auto self = shared_from_this();
  if (receiving_) {
    if (receiving_->take_wake() && std::exchange(sink_waits_, false)) advance();
    return;
  }
  if (core_->take_wake()) woken_ = true;
  if (phase_ == Phase::handling) {
    if (std::optional<Answer> answer = core_->take_answer()) {
      begin(std::move(*answer));
      return advance();
    }
  }
  if (phase_ == Phase::streaming) {
    pump();
    advance();
  }
}

void Session::begin(Answer answer) {
  if (loop_.shared().draining) keep_alive_ = false;  // it may have begun after the request came
  if (answer.source) {
    begin_stream(std::move(answer.response), std::move(answer.source));
  } else {
    begin_whole(std::move(answer.response));
  }
}

void Session::write_head(const Response& response, Framing framing) {
  const ReplyHead head{.status = response.status,
                       .headers = response.headers,
                       .date = loop_.date(),
                       .framing = framing,
                       .length = left_.value_or(response.body.size()),
                       .keep_alive = keep_alive_,
                       .http10 = http10_};
  if (const std::size_t broken = append_head(head_, head)) {
    loop_.mutable_counters().headers_dropped.add(broken);
  }
}

void Session::begin_whole(Response response) {
  phase_ = Phase::replying;
  if (response.status < 200 || response.status > 599) response.status = 500;
  const bool bodiless = is_bodiless(response.status);
  write_head(response, bodiless ? Framing::none : Framing::length);
  if (!bodiless && !head_only_) body_ = std::move(response.body);
  if (tls_ && body_.size() <= kTlsJoinMax) {
    head_ += body_;
    body_.clear();
  }
  if (flush()) finish();
}

void Session::begin_stream(Response head, std::unique_ptr<Source> source) {
  if (head.status < 200 || head.status > 599) head.status = 500;
  const bool bodiless = is_bodiless(head.status);
  left_ = source->length();
  chunked_ = !http10_ && !bodiless && !left_;
  if (!chunked_ && !bodiless && !left_) keep_alive_ = false;
  const Framing open_end = chunked_ ? Framing::chunked : Framing::close;
  write_head(head, bodiless ? Framing::none : left_ ? Framing::length : open_end);
  if (bodiless || head_only_) {
    source.reset();
    phase_ = Phase::replying;
    if (flush()) finish();
    return;
  }
  phase_ = Phase::streaming;
  source_ = std::move(source);
  more_ = More::yes;
  pump();
}

// Writes what the source has, until it has nothing, has ended, or the peer does not take it.
void Session::pump() {
  for (int round = 0; phase_ == Phase::streaming && !write_pending_; ++round) {
    if (more_ == More::end || more_ == More::broken) return end_stream();
    if (more_ == More::wait && !woken_) return;
    if (round == kPumpRounds) return core_->wake();
    gather();
    if (total() > 0 && !flush()) return;
    free_written();
  }
}

void Session::gather() {
  do {
    woken_ = false;
    Piece piece = source_->next();
    more_ = piece.more;
    if (body_.empty()) {
      body_ = std::move(piece.bytes);
    } else {
      body_ += piece.bytes;
    }
  } while (more_ == More::yes && body_.size() < kPieceBytes);
  tail_ = {};
  if (left_) return count_down();
  if (!chunked_) return;
  if (!body_.empty()) {
    append_chunk_size(head_, body_.size());
    tail_ = more_ == More::end ? "\r\n0\r\n\r\n" : "\r\n";
  } else if (more_ == More::end) {
    tail_ = "0\r\n\r\n";
  }
}

// A length was promised: a byte more would be taken for the next reply, a byte less never comes.
void Session::count_down() {
  if (body_.size() > *left_) body_.resize(static_cast<std::size_t>(*left_));
  *left_ -= body_.size();
  if (*left_ == 0) more_ = More::end;
  if (*left_ > 0 && more_ == More::end) more_ = More::broken;
}

void Session::end_stream() {
  left_.reset();
  if (more_ == More::broken) {
    if (!chunked_) {
      // An orderly close would look like the end of the body.
      Error ignored;
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    return close_now();
  }
  finish();
}

std::array<asio::const_buffer, 3> Session::rest() const {
  std::array<asio::const_buffer, 3> out;
  std::size_t skip = written_;
  std::size_t used = 0;
  for (std::string_view part : {std::string_view(head_), std::string_view(body_), tail_}) {
    const std::size_t gone = std::min(skip, part.size());
    skip -= gone;
    if (gone < part.size()) out[used++] = asio::buffer(part.data() + gone, part.size() - gone);
  }
  return out;
}

// Returns true when all has been taken; otherwise on_written goes on, or the connection is closed.
bool Session::flush() {
  if (!tls_) {
    Error error;
    const std::size_t count = socket_.write_some(rest(), error);
    if (error && error != asio::error::would_block) {
      peer_ended_ = true;
      if (core_) loop_.mutable_counters().clients_left.add();
      close_now();
      return false;
    }
    took(count);
    if (written_ == total()) return true;
  }
  wait_for(Wait::write);
  write_rest();
  return false;
}

void Session::write_rest() {
  write_pending_ = true;
  auto done = [self = shared_from_this()](const Error& error, std::size_t count) {
    self->on_written(error, count);
  };
  if (tls_) {
    tls_->async_write_some(rest(), std::move(done));
  } else {
    socket_.async_write_some(rest(), std::move(done));
  }
}

void Session::took(std::size_t count) {
  written_ += count;
  loop_.mutable_counters().bytes_out.add(count);
}

void Session::on_written(const Error& error, std::size_t count) {
  write_pending_ = false;
  if (phase_ == Phase::closed) return;
  if (error) {
    if (core_) loop_.mutable_counters().clients_left.add();
    return close_now();
  }
  took(count);
  if (written_ < total()) {
    wait_for(Wait::write);
    return write_rest();
  }
  wait_for(Wait::none);
  if (phase_ == Phase::streaming) {
    free_written();
    pump();
  } else {
    finish();
  }
  advance();
}

// Keeps the memory of small heads, which every reply needs again.
void Session::free_written() {
  written_ = 0;
  tail_ = {};
  head_.clear();
  std::string().swap(body_);
  if (head_.capacity() > kHeadKept) std::string().swap(head_);
}

void Session::finish() {
  left_.reset();
  free_written();
  end_exchange();
  if (!keep_alive_) return linger();
  phase_ = Phase::reading;
  wait_ = Wait::none;
}

// ---- ending

void Session::end_exchange() {
  woken_ = sink_waits_ = false;
  sink_.reset();
  if (receiving_) std::exchange(receiving_, nullptr)->close();
  source_.reset();
  if (!core_) return;
  loop_.shared().requests_open.fetch_sub(1);
  std::exchange(core_, nullptr)->close();
}

// A close with unread input makes the kernel reset the connection, and the peer may lose the reply
// that it has not read yet. So input is read and dropped until the peer closes too.
void Session::linger() {
  if (!tls_ && !refused_ && in_.empty()) return close_now();
  phase_ = Phase::lingering;
  wait_for(Wait::linger);
  if (tls_) {
    tls_->async_shutdown([self = shared_from_this()](const Error&) { self->close_now(); });
    return;
  }
  Error ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  if (peer_ended_) return close_now();
  read();
}

void Session::close_now() {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  phase_ = Phase::closed;
  wait_ = Wait::none;
  end_exchange();
  Error ignored;
  socket_.close(ignored);
  loop_.forget(slot_);
}

}  // namespace refrain::net
