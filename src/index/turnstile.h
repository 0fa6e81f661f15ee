#pragma once

#include <atomic>
#include <mutex>
#include <shared_mutex>

namespace refrain::index {

/// A shared mutex whose writer gets its turn. The pthread lock below std::shared_mutex lets new
/// readers pass a waiting writer, so that searches that overlap for ever would starve every insert.
/// Here a reader that sees a writer wait queues behind it. Use with std::shared_lock and
/// std::unique_lock; not recursive, not even for readers.
class Turnstile {
 public:
  void lock() {
    std::lock_guard turn(turn_);
    waiting_.store(true, std::memory_order_relaxed);
    shared_.lock();
    waiting_.store(false, std::memory_order_relaxed);
  }
  void unlock() { shared_.unlock(); }
  void lock_shared() {
    if (waiting_.load(std::memory_order_relaxed)) {
      std::lock_guard turn(turn_);
    }
    shared_.lock_shared();
  }
  void unlock_shared() { shared_.unlock_shared(); }

 private:
  std::mutex turn_;
  std::atomic<bool> waiting_{false};
  std::shared_mutex shared_;
};

}  // namespace refrain::index
