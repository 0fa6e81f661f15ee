#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace refrain::base {
namespace {

using std::chrono::milliseconds;

TEST(Clock, Rfc3339IsInUtcWithMilliseconds) {
  EXPECT_EQ(rfc3339(WallTime(milliseconds(1795519800123))), "2026-11-24T11:30:00.123Z");
}

TEST(Clock, TimesBeforeTheEpochKeepAPositiveFraction) {
  EXPECT_EQ(rfc3339(WallTime(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(Clock, LocalFormsFollowTheZoneOfTheMachine) {
  setenv("TZ", "EST5", 1);
  tzset();
  WallTime time(milliseconds(1795519800123));
  EXPECT_EQ(local_stamp(time), "20261124_063000");
  EXPECT_EQ(local_iso8601(time), "2026-11-24T06:30:00.123000");
  unsetenv("TZ");
  tzset();
}

TEST(Clock, SystemClockNeverGoesBack) {
  SystemClock clock;
  Instant first = clock.now();
  EXPECT_LE(first, clock.now());
  EXPECT_GT(clock.wall(), WallTime(milliseconds(1700000000000)));
}

TEST(Clock, DifferencesAreInMilliseconds) {
  Instant from{};
  EXPECT_DOUBLE_EQ(milliseconds_between(from, from + std::chrono::microseconds(1500)), 1.5);
}

}  // namespace
}  // namespace refrain::base
