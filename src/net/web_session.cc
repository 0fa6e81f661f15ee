// One WebSocket. Letters go to the correspondent as they arrive, replies come back through an
// outbox from any thread and ring the loop, as exchanges do. Reading pauses while too many letters
// have no reply or the peer takes none, so that a client can make nobody hold more than the limits.
//
// At the end of the server a socket says 1001 once its letters are answered and written; what
// arrives meanwhile is not read as a letter: the client sees no reply to it, and the close.
#include "net/web_session.h"

#include <utility>

namespace refrain::net {

/// What letters leave for their session. Threads: any.
struct WebSession::Outbox {
  std::mutex lock;
  std::vector<std::string> replies;  // guarded by lock, as all here
  std::size_t settled = 0;           // letters that are over, replied or not
};

class WebSession::Post final : public Letter {
 public:
  Post(std::string text, base::Instant received, std::shared_ptr<Outbox> outbox,
       std::shared_ptr<Bell> bell)
      : text_(std::move(text)),
        received_(received),
        outbox_(std::move(outbox)),
        bell_(std::move(bell)) {}
  ~Post() override {
    if (!replied_) settle(nullptr);
  }
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;

  const std::string& text() const override { return text_; }
  base::Instant received() const override { return received_; }
  void reply(std::string text) override {
    if (!replied_.exchange(true)) settle(&text);
  }

 private:
  void settle(std::string* reply) {
    {
      std::lock_guard guard(outbox_->lock);
      if (reply != nullptr) outbox_->replies.push_back(std::move(*reply));
      ++outbox_->settled;
    }
    bell_->wake();
  }

  const std::string text_;
  const base::Instant received_;
  std::shared_ptr<Outbox> outbox_;
  std::shared_ptr<Bell> bell_;
  std::atomic<bool> replied_{false};
};

WebSession::WebSession(Loop& loop, WebSockets sockets, const Request& head,
                       std::unique_ptr<Correspondent> correspondent)
    : loop_(loop),
      sockets_(std::move(sockets)),
      protocol_(open_protocol(sockets_, head, loop.shared().options.web)),
      correspondent_(std::move(correspondent)),
      bell_(std::make_shared<Bell>(loop.mailbox(), this)),
      outbox_(std::make_shared<Outbox>()) {
  loop_.shared().web_open.fetch_add(1);
}

WebSession::~WebSession() = default;

void WebSession::start(std::size_t slot) {
  slot_ = slot;
  protocol_->accept([self = shared_from_this()](const Error& error) {
    if (self->closed_) return;
    if (error) return self->close_now();
    self->open_ = true;
    self->close_if_done();
    self->read();
  });
}

void WebSession::sweep(base::Instant now) {
  if (!writing_ || now < write_deadline_) return;
  loop_.mutable_counters().timeouts_write.add();
  close_now();
}

void WebSession::drain() {
  draining_ = true;
  close_if_done();
}

// ---- reading

void WebSession::read() {
  if (reading_ || closed_ || letters_open_ >= limits().letters_max ||
      replies_bytes_ > limits().replies_bytes_max) {
    return;
  }
  reading_ = true;
  protocol_->read([self = shared_from_this()](const Error& error) { self->on_read(error); });
}

void WebSession::on_read(const Error& error) {
  reading_ = false;
  if (closed_) return;
  if (error) return close_now();  // the protocol has said why to the peer
  std::string text = protocol_->message();
  loop_.mutable_counters().web_messages_in.add();
  if (!protocol_->is_text()) {
    close(WebClose::unsupported);
  } else if (!draining_ && !closing_) {
    ++letters_open_;
    correspondent_->receive(
        std::make_shared<Post>(std::move(text), std::chrono::steady_clock::now(), outbox_, bell_));
  }
  read();
}

// ---- writing

void WebSession::arrived() {
  if (closed_) return;
  std::vector<std::string> replies;
  std::size_t settled = 0;
  {
    std::lock_guard guard(outbox_->lock);
    replies.swap(outbox_->replies);
    settled = std::exchange(outbox_->settled, 0);
  }
  letters_open_ -= settled;
  for (std::string& reply : replies) {
    replies_bytes_ += reply.size();
    replies_.push_back(std::move(reply));
  }
  write();
  read();
  close_if_done();
}

void WebSession::write() {
  if (writing_ || closing_ || replies_.empty()) return;
  writing_ = true;
  write_deadline_ = std::chrono::steady_clock::now() + limits().write_timeout;
  protocol_->write(replies_.front(),
                   [self = shared_from_this()](const Error& error) { self->on_written(error); });
}

void WebSession::on_written(const Error& error) {
  writing_ = false;
  if (closed_) return;
  if (error) return close_now();
  loop_.mutable_counters().web_messages_out.add();
  replies_bytes_ -= replies_.front().size();
  replies_.pop_front();
  write();
  read();
  close_if_done();
}

// ---- ending

void WebSession::close_if_done() {
  if (draining_ && open_ && letters_open_ == 0 && replies_.empty()) close(WebClose::going_away);
}

void WebSession::close(WebClose why) {
  if (closing_ || closed_) return;
  closing_ = true;
  protocol_->close(why, [self = shared_from_this()](const Error&) { self->close_now(); });
}

void WebSession::close_now() {
  if (closed_) return;
  const auto self = shared_from_this();
  closed_ = true;
  bell_->close();
  correspondent_.reset();
  Error ignored;
  sockets_.socket.close(ignored);
  loop_.shared().web_open.fetch_sub(1);
  loop_.forget(slot_);
}

}  // namespace refrain::net
