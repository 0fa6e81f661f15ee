#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/server.h"

namespace refrain::net {

/// What a connection does when its exchange has news. Called on the connection's thread only.
class Party {
 public:
  virtual ~Party() = default;
  virtual void arrived() = 0;
};

/// A reply as it was given: whole, or with a source.
struct Answer {
  Response response;               // without body if there is a source
  std::unique_ptr<Source> source;  // null: the reply is whole
};

/// What lies in a mailbox.
class Mail {
 public:
  virtual ~Mail() = default;
  /// The mailbox brings it to its loop.
  virtual void deliver() = 0;
};

/// Brings news of connections to the thread of a loop: many wakes of many exchanges, one ring.
/// A mail in the box holds the box, so whoever makes one must close() it.
/// Threads: any; take() on the loop's.
class Mailbox {
 public:
  /// `ring` runs when the box was empty; on any thread, several at once, the last of them perhaps
  /// after close(): it owns what it needs. It must not block.
  explicit Mailbox(std::function<void()> ring) : ring_(std::move(ring)) {}
  void put(std::shared_ptr<Mail> mail);
  std::vector<std::shared_ptr<Mail>> take();
  /// Drops what is there and what comes.
  void close();

 private:
  std::mutex lock_;
  std::vector<std::shared_ptr<Mail>> mails_;
  bool closed_ = false;
  const std::function<void()> ring_;
};

/// What the connection and the holders of a Ticket share of one request.
class Core final : public Mail, public std::enable_shared_from_this<Core> {
 public:
  Core(Request asked, std::shared_ptr<Mailbox> mailbox, Party* party)
      : request(std::move(asked)), mailbox_(std::move(mailbox)), party_(party) {}

  // Any thread.
  void answer(Answer answer);
  void wake();
  void on_close(std::function<void()> work);

  // The connection's thread.
  /// Handler::handle has returned: from now on an answer is news for the mailbox.
  std::optional<Answer> end_handling();
  void deliver() override;
  std::optional<Answer> take_answer();
  bool take_wake() noexcept { return woken_.exchange(false); }
  /// The end of the exchange, as the connection sees it: runs what on_close was given.
  void close();

  Request request;

 private:
  void mail();
  std::optional<Answer> take_locked();

  std::shared_ptr<Mailbox> mailbox_;
  Party* party_;  // the connection's thread only; null after close()
  std::atomic<bool> mailed_{false};
  std::atomic<bool> woken_{false};
  std::atomic<bool> closed_{false};
  std::mutex lock_;  // guards what follows
  bool handling_ = true;
  bool answered_ = false;
  std::optional<Answer> answer_;
  std::vector<std::function<void()>> on_close_;
};

/// The exchange that a handler holds. Dropped without an answer, it answers 500 by itself.
class Ticket final : public Exchange {
 public:
  Ticket(std::shared_ptr<Core> core, std::shared_ptr<const ErrorBody> error_body)
      : core_(std::move(core)), error_body_(std::move(error_body)) {}
  ~Ticket() override;
  const Request& request() const override { return core_->request; }
  Request& request() override { return core_->request; }
  void reply(Response response) override;
  void stream(int status, Headers headers, std::unique_ptr<Source> source) override;
  void wake() override { core_->wake(); }
  void on_close(std::function<void()> work) override { core_->on_close(std::move(work)); }

 private:
  std::shared_ptr<Core> core_;
  std::shared_ptr<const ErrorBody> error_body_;  // shared: a ticket may outlive the server
  std::atomic<bool> answered_{false};
};

}  // namespace refrain::net
