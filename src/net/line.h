#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string_view>

#include "net/connection.h"
#include "net/exchange.h"
#include "net/loop.h"
#include "net/talk.h"

namespace refrain::net {

/// The waker of one line. Threads: wake() any; the rest the loop's.
class Bell final : public Waker, public Mail, public std::enable_shared_from_this<Bell> {
 public:
  Bell(std::shared_ptr<Mailbox> mailbox, Party* party)
      : mailbox_(std::move(mailbox)), party_(party) {}
  void wake() override {
    if (!mailed_.exchange(true)) mailbox_->put(shared_from_this());
  }
  void deliver() override {
    mailed_ = false;
    if (party_) party_->arrived();
  }
  void close() noexcept { party_ = nullptr; }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  Party* party_;
  std::atomic<bool> mailed_{false};
};

/// One connection of a listener with Talks: carries bytes between a socket and a Talk. Lives on its
/// loop's thread; kept alive by the loop until it is closed, and by what is under way.
class Line final : public Connection, public Party, public std::enable_shared_from_this<Line> {
 public:
  Line(Loop& loop, Socket socket, const Arrival& arrival);
  ~Line() override;

  void start(std::size_t slot) override;
  void move_to(std::size_t slot) noexcept override { slot_ = slot; }
  void sweep(base::Instant now) override;
  void drain() override;
  void cut() override { close_now(); }
  void arrived() override;

 private:
  using Error = boost::system::error_code;
  enum class Phase : std::uint8_t { open, lingering, closed };
  enum class Wait : std::uint8_t { none, idle, message, write, linger };

  void drive();
  bool read_some();
  bool write_some();
  void await();
  void await_read();
  void await_write();
  void end();
  void linger();
  void close_now();
  void wait_for(Wait wait);
  bool has_turn() const;

  Loop& loop_;
  Socket socket_;
  const Listener& listener_;
  Peer peer_;
  std::shared_ptr<Bell> bell_;
  std::unique_ptr<Talk> talk_;
  std::size_t slot_ = 0;
  Phase phase_ = Phase::open;
  Wait wait_ = Wait::none;
  base::Instant deadline_{};
  std::size_t moved_ = 0;  // bytes of this turn
  bool readable_ = true, read_pending_ = false, write_pending_ = false;
  bool peer_ended_ = false, draining_ = false;
};

}  // namespace refrain::net
