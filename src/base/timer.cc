#include "base/timer.h"

#include <pthread.h>

#include <utility>

namespace refrain::base {

Timer::Timer() : thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "timer");
}

Timer::~Timer() { stop(); }

Timer::Id Timer::at(Instant when, std::move_only_function<void()> work) {
  Id id = 0;
  {
    std::lock_guard guard(lock_);
    id = next_++;
    waiting_.emplace(when, Entry{id, std::move(work)});
    when_of_.emplace(id, when);
  }
  changed_.notify_one();
  return id;
}

bool Timer::cancel(Id id) {
  std::lock_guard guard(lock_);
  auto found = when_of_.find(id);
  if (found == when_of_.end()) return false;
  auto [first, last] = waiting_.equal_range(found->second);
  for (auto it = first; it != last; ++it) {
    if (it->second.id != id) continue;
    waiting_.erase(it);
    break;
  }
  when_of_.erase(found);
  return true;
}

void Timer::stop() {
  {
    std::lock_guard guard(lock_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Timer::run() {
  std::unique_lock guard(lock_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(guard);
      continue;
    }
    Instant first = waiting_.begin()->first;
    if (std::chrono::steady_clock::now() < first) {
      changed_.wait_until(guard, first);
      continue;
    }
    Entry entry = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    when_of_.erase(entry.id);
    guard.unlock();
    entry.work();
    guard.lock();
  }
}

}  // namespace refrain::base
