#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace refrain::base {

/// Runs short work at an instant, on one thread of its own. Threads: any.
class Timer {
 public:
  using Id = std::uint64_t;

  Timer();
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Runs `work` at or after `when`; work must not block. After stop() nothing runs.
  Id at(Instant when, std::move_only_function<void()> work);
  /// True if the work will not run any more.
  bool cancel(Id id);
  /// Drops what is waiting and joins. Idempotent.
  void stop();

 private:
  struct Entry {
    Id id;
    std::move_only_function<void()> work;
  };
  void run();

  std::mutex lock_;
  std::condition_variable changed_;
  std::multimap<Instant, Entry> waiting_;
  std::map<Id, Instant> when_of_;
  Id next_ = 1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace refrain::base
