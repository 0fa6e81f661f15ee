#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metric.h"
#include "base/result.h"

namespace refrain::base {

/// Named threads over one bounded queue. A full queue refuses at once: a cheap answer never waits
/// behind a dear one. Threads: submit from any.
class Pool {
 public:
  struct Options {
    std::string name = "pool";  // at most 15 characters: the kernel's limit
    std::size_t threads = 1;
    std::size_t queue_max = 1024;
  };
  struct Stats {
    std::size_t queued = 0;
    std::uint64_t done = 0, refused = 0;
  };
  using Work = std::move_only_function<void()>;

  explicit Pool(Options options);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Runs `work` on one of the threads. Errors: busy (queue full), cancelled (stopped).
  Result<> submit(Work work);
  /// Refuses new work, runs what is queued, joins. Idempotent.
  void stop();
  Stats stats() const;

 private:
  void run();

  const Options options_;
  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  bool stopping_ = false;
  Counter done_, refused_;
  std::vector<std::thread> threads_;
};

}  // namespace refrain::base
