// How a reply finds its connection. The common case is an answer given inside Handler::handle: it
// is put into the core and taken by the connection when handle returns, without any post.
// Whatever comes later, from whichever thread, goes through the mailbox of the connection's loop:
// a core lies in it at most once (mailed_), and the box rings its loop only when it was empty. So
// a thousand wakes between two turns of the loop cost one turn.
//
// No wake is lost: woken_ is set before mailed_ is tried, and the loop clears mailed_ before it
// looks at woken_; whoever finds mailed_ set knows that the loop has yet to look.
#include "net/exchange.h"

namespace refrain::net {

void Mailbox::put(std::shared_ptr<Mail> mail) {
  {
    std::lock_guard guard(lock_);
    if (closed_) return;
    mails_.push_back(std::move(mail));
    if (mails_.size() != 1) return;
  }
  ring_();  // not under the lock: the loop that wakes would wait for it at once
}

std::vector<std::shared_ptr<Mail>> Mailbox::take() {
  std::lock_guard guard(lock_);
  return std::exchange(mails_, {});
}

void Mailbox::close() {
  std::vector<std::shared_ptr<Mail>> dropped;
  std::lock_guard guard(lock_);
  closed_ = true;
  dropped.swap(mails_);
}

void Core::mail() {
  if (!mailed_.exchange(true)) mailbox_->put(shared_from_this());
}

void Core::answer(Answer answer) {
  {
    std::lock_guard guard(lock_);
    if (answered_ || closed_) return;
    answered_ = true;
    answer_.emplace(std::move(answer));
    if (handling_) return;
  }
  mail();
}

void Core::wake() {
  if (closed_) return;
  woken_ = true;
  mail();
}

void Core::on_close(std::function<void()> work) {
  {
    std::lock_guard guard(lock_);
    if (!closed_) {
      on_close_.push_back(std::move(work));
      return;
    }
  }
  work();
}

std::optional<Answer> Core::take_locked() { return std::exchange(answer_, std::nullopt); }

std::optional<Answer> Core::end_handling() {
  std::lock_guard guard(lock_);
  handling_ = false;
  return take_locked();
}

void Core::deliver() {
  mailed_ = false;
  if (party_) party_->arrived();
}

std::optional<Answer> Core::take_answer() {
  std::lock_guard guard(lock_);
  return take_locked();
}

void Core::close() {
  party_ = nullptr;
  std::vector<std::function<void()>> works;
  std::optional<Answer> dropped;
  {
    std::lock_guard guard(lock_);
    closed_ = true;
    works.swap(on_close_);
    dropped = take_locked();
  }
  for (auto& work : works) work();
}

Ticket::~Ticket() {
  if (answered_) return;
  constexpr std::string_view kReason = "the request was dropped without an answer";
  core_->answer({(*error_body_)(500, kReason, core_->request.path), nullptr});
}

void Ticket::reply(Response response) {
  if (answered_.exchange(true)) return;
  core_->answer({std::move(response), nullptr});
}

void Ticket::stream(int status, Headers headers, std::unique_ptr<Source> source) {
  if (answered_.exchange(true)) return;
  core_->answer({Response{status, std::move(headers), {}}, std::move(source)});
}

}  // namespace refrain::net
