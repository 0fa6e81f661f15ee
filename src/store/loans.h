#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/call.h"
#include "base/clock.h"
#include "base/result.h"

namespace refrain::store {

/// How long a database is left alone after a connection failed: doubled with each failure. Pure.
inline std::chrono::milliseconds pause_after(unsigned failures) {
  constexpr std::chrono::milliseconds kFirst{50}, kMost{5000};
  return std::min(kMost, kFirst * (1 << std::min(failures, 10U)));
}

/// Connections to a server, opened as needed and used again. While the server does not answer, each
/// call fails at once, but for one that tries again after a growing pause: what waits for a dead
/// database waits for it once, not every time. Connection has lost(). Threads: any.
template <class Connection>
class Loans {
 public:
  using Made = base::Result<std::unique_ptr<Connection>>;

  /// A connection on loan; goes back when destroyed. Must not outlive the Loans.
  class Loan {
   public:
    Loan(Loans& home, std::unique_ptr<Connection> connection, bool used)
        : used_(used), home_(&home), connection_(std::move(connection)) {}
    Loan(Loan&& other) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_) home_->give_back(std::move(connection_));
    }
    Connection& operator*() const noexcept { return *connection_; }
    /// It was there before: the server may have gone since.
    bool used() const noexcept { return used_; }

   private:
    bool used_;
    Loans* home_;
    std::unique_ptr<Connection> connection_;
  };

  Loans(std::function<Made()> make, std::size_t count_max, const base::Clock& clock)
      : make_(std::move(make)), count_max_(count_max), clock_(clock) {}

  /// Waits for a free one until the call's deadline, a second at most.
  /// Errors: busy (all are in use), unavailable (not tried again yet), those of making one.
  base::Result<Loan> borrow(const base::Call& call) {
    std::unique_lock guard(lock_);
    if (free_.empty() && count_ >= count_max_) {
      base::Instant limit =
          std::min(call.deadline, std::chrono::steady_clock::now() + std::chrono::seconds(1));
      auto some = [this] { return !free_.empty() || count_ < count_max_; };
      if (!returned_.wait_until(guard, limit, some)) {
        return base::fail(base::Code::busy,
                          fmt::format("all {} connections to the database are in use", count_max_));
      }
    }
    if (!free_.empty()) {
      std::unique_ptr<Connection> connection = std::move(free_.back());
      free_.pop_back();
      return Loan(*this, std::move(connection), true);
    }
    if (clock_.now() < again_at_) {
      return base::fail(base::Code::unavailable, "the database did not answer a moment ago");
    }
    ++count_;
    guard.unlock();
    Made made = make_();
    guard.lock();
    if (!made) {
      --count_;
      again_at_ = clock_.now() + pause_after(failures_++);
      return std::unexpected(std::move(made).error());
    }
    return Loan(*this, std::move(*made), false);
  }

  /// Runs `work` on a connection; once more on a new one if one that lay idle turned out dead. For
  /// work that may run twice.
  template <class Work>
  auto with(const base::Call& call, Work work) -> decltype(work(std::declval<Connection&>())) {
    for (;;) {
      TRY(loan, borrow(call));
      auto result = work(*loan);
      if (result) note_success();
      if (result || !(*loan).lost()) return result;
      if (!loan.used()) {
        note_failure();
        return result;
      }
      if (call.deadline != base::Instant::max() && clock_.now() >= call.deadline) return result;
      close_idle();
    }
  }

 private:
  void give_back(std::unique_ptr<Connection> connection) {
    {
      std::lock_guard guard(lock_);
      if (connection->lost()) {
        --count_;
      } else {
        free_.push_back(std::move(connection));
      }
    }
    returned_.notify_one();
  }
  void note_success() {
    std::lock_guard guard(lock_);
    failures_ = 0;
  }
  void note_failure() {
    std::lock_guard guard(lock_);
    again_at_ = clock_.now() + pause_after(failures_++);
  }
  void close_idle() {
    std::vector<std::unique_ptr<Connection>> idle;
    std::lock_guard guard(lock_);
    count_ -= free_.size();
    idle.swap(free_);
  }

  const std::function<Made()> make_;
  const std::size_t count_max_;
  const base::Clock& clock_;
  std::mutex lock_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> free_;
  std::size_t count_ = 0;
  unsigned failures_ = 0;
  base::Instant again_at_{};
};

}  // namespace refrain::store
