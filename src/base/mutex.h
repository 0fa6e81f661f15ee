#pragma once

#include <mutex>
#include <utility>

namespace refrain::base {

/// A value that can be touched only under its lock. One lock at a time; no callback, log or I/O
/// inside `with`.
template <class T>
class Mutex {
 public:
  Mutex() = default;
  template <class... Args>
  explicit Mutex(std::in_place_t, Args&&... args) : value_(std::forward<Args>(args)...) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  /// Runs `work(value)` under the lock and returns what it returns.
  template <class Work>
  decltype(auto) with(Work&& work) {
    std::lock_guard guard(lock_);
    return std::forward<Work>(work)(value_);
  }
  template <class Work>
  decltype(auto) with(Work&& work) const {
    std::lock_guard guard(lock_);
    return std::forward<Work>(work)(value_);
  }

 private:
  mutable std::mutex lock_;
  T value_{};
};

}  // namespace refrain::base
