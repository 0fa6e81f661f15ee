#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace refrain::test {

/// Time that stands still until a test moves it. It begins at the machine's own instant, so that
/// deadlines an hour away do not pass while a test runs. Threads: any.
class ManualClock final : public base::Clock {
 public:
  base::Instant now() const noexcept override { return start_ + passed(); }
  base::WallTime wall() const noexcept override {
    return base::WallTime(std::chrono::hours(24 * 365 * 50)) + passed();
  }
  void advance(std::chrono::milliseconds step) { passed_ += step.count(); }

 private:
  std::chrono::milliseconds passed() const noexcept {
    return std::chrono::milliseconds(passed_.load());
  }
  const base::Instant start_ = base::SystemClock().now();
  std::atomic<std::int64_t> passed_{0};
};

}  // namespace refrain::test
