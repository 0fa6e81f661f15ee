#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/pool.h"
#include "base/result.h"
#include "fetch/client.h"
#include "fetch/transfer.h"

namespace refrain::fetch {

/// One thread, one epoll set, one curl multi handle: carries its transfers from adopt() to finish.
/// Threads: adopt, ask_stop and join from any; the rest is the loop's own.
class Loop {
 public:
  /// Errors: unavailable (no file descriptors or memory). options and counters outlive the loop.
  static base::Result<std::unique_ptr<Loop>> open(const Options& options, Counters& counters);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// False once asked to stop; the sink then hears nothing.
  bool adopt(std::unique_ptr<Transfer> transfer);
  /// No new transfers; those that are open after drain_until are cancelled. Idempotent.
  void ask_stop(base::Instant drain_until);
  void join();

 private:
  struct Inbox {
    std::vector<std::unique_ptr<Transfer>> started;
    std::vector<std::uint64_t> cancelled;
    bool stopping = false;
    bool signalled = false;  // the eventfd is set: one write is enough
    base::Instant drain_until = base::Instant::max();
  };
  struct Orders {
    Inbox inbox;
    bool stopping = false;
  };
  struct Open {
    std::unique_ptr<Transfer> transfer;
    base::Instant due;  // its entry in deadlines_
  };

  Loop(const Options& options, Counters& counters);
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* seen);
  static int on_timer(CURLM* multi, long milliseconds, void* self);

  void wake();
  void run();
  bool obey();  // false: stop now
  void begin(std::unique_ptr<Transfer> transfer);
  void end(std::uint64_t id, base::Result<> result);
  void finish(Transfer& transfer, base::Result<> result);
  int wait_milliseconds() const;
  void wait();
  void expire();
  void reap();

  const Options& options_;
  Counters& counters_;
  const base::SystemClock clock_;
  int epoll_ = -1;
  int wake_ = -1;
  CURLSH* share_ = nullptr;
  CURLM* multi_ = nullptr;

  base::Mutex<Inbox> inbox_;
  std::unordered_map<std::uint64_t, Open> open_;
  std::set<std::pair<base::Instant, std::uint64_t>> deadlines_;
  base::Instant timer_ = base::Instant::max();  // when curl wants to be called
  base::Instant drain_until_ = base::Instant::max();
  std::uint64_t next_id_ = 1;
  base::Pool thread_{{.name = "fetch", .threads = 1, .queue_max = 1}};
};

}  // namespace refrain::fetch
