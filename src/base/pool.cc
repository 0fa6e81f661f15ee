#include "base/pool.h"

#include <pthread.h>

#include <exception>

#include <fmt/format.h>

#include "base/log.h"

namespace refrain::base {

Pool::Pool(Options options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(), options_.name.substr(0, 15).c_str());
  }
}

Pool::~Pool() { stop(); }

Result<> Pool::submit(Work work) {
  {
    std::lock_guard guard(lock_);
    if (stopping_) return fail(Code::cancelled, fmt::format("pool {} is stopping", options_.name));
    if (queue_.size() >= options_.queue_max) {
      refused_.add();
      return fail(Code::busy, fmt::format("pool {} has {} pieces of work waiting, its limit",
                                          options_.name, queue_.size()));
    }
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
  return {};
}

void Pool::stop() {
  {
    std::lock_guard guard(lock_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Pool::Stats Pool::stats() const {
  std::lock_guard guard(lock_);
  return {queue_.size(), done_.value(), refused_.value()};
}

void Pool::run() {
  for (;;) {
    Work work;
    {
      std::unique_lock guard(lock_);
      changed_.wait(guard, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    // The thread's one catch-all: bad_alloc of a library must not end the process.
    try {
      work();
    } catch (const std::exception& problem) {
      log::error("work failed", {{"pool", options_.name}, {"what", problem.what()}});
    }
    done_.add();
  }
}

}  // namespace refrain::base
