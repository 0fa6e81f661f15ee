#include "base/timer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <vector>

namespace refrain::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(Timer, RunsWorkInOrderOfTime) {
  std::vector<int> order;
  std::latch done(3);
  Timer timer;
  Instant now = SystemClock().now();
  auto note = [&](int number) {
    order.push_back(number);
    done.count_down();
  };
  timer.at(now + milliseconds(30), [&] { note(3); });
  timer.at(now + milliseconds(20), [&] { note(2); });
  timer.at(now + milliseconds(10), [&] { note(1); });
  done.wait();
  timer.stop();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Timer, NeverRunsEarly) {
  Instant when = SystemClock().now() + milliseconds(20);
  Instant ran{};
  std::latch done(1);
  Timer timer;
  timer.at(when, [&] {
    ran = SystemClock().now();
    done.count_down();
  });
  done.wait();
  EXPECT_GE(ran, when);
}

TEST(Timer, CancelledWorkDoesNotRun) {
  bool ran = false;
  std::latch done(1);
  Timer timer;
  Instant when = SystemClock().now() + milliseconds(20);
  Timer::Id id = timer.at(when, [&] { ran = true; });
  EXPECT_TRUE(timer.cancel(id));
  EXPECT_FALSE(timer.cancel(id));
  timer.at(when, [&] { done.count_down(); });
  done.wait();
  timer.stop();
  EXPECT_FALSE(ran);
}

TEST(Timer, WorkThatRanCannotBeCancelled) {
  std::latch done(1);
  Timer timer;
  Timer::Id id = timer.at(SystemClock().now(), [&] { done.count_down(); });
  done.wait();
  EXPECT_FALSE(timer.cancel(id));
}

TEST(Timer, StopDropsWhatIsWaiting) {
  bool ran = false;
  Timer timer;
  timer.at(SystemClock().now() + hours(1), [&] { ran = true; });
  timer.stop();
  timer.stop();
  EXPECT_FALSE(ran);
}

TEST(Timer, WorkMaySetTheNextAlarm) {
  std::latch done(1);
  Timer timer;
  timer.at(SystemClock().now(), [&] { timer.at(SystemClock().now(), [&] { done.count_down(); }); });
  done.wait();
}

}  // namespace
}  // namespace refrain::base
