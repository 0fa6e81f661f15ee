#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace refrain::engine {

/// Messages to the model thread: work that it does between two steps. How many there can be is
/// bounded by those who send them: a prompt has at most one on its way. Threads: any.
class Inbox {
 public:
  using Message = std::move_only_function<void()>;

  /// False once stopped: the message is dropped.
  bool post(Message message) {
    {
      const std::lock_guard guard(lock_);
      if (stopped_) return false;
      messages_.push_back(std::move(message));
    }
    changed_.notify_one();
    return true;
  }

  /// All that came; waits for the first one, at most that long.
  std::deque<Message> take(std::chrono::milliseconds wait) {
    std::unique_lock guard(lock_);
    if (wait.count() > 0) {
      changed_.wait_for(guard, wait, [this] { return stopped_ || !messages_.empty(); });
    }
    return std::exchange(messages_, {});
  }

  bool stopped() const {
    const std::lock_guard guard(lock_);
    return stopped_;
  }
  void stop() {
    {
      const std::lock_guard guard(lock_);
      stopped_ = true;
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Message> messages_;
  bool stopped_ = false;
};

}  // namespace refrain::engine
