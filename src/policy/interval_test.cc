#include "policy/interval.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

TEST(Interval, NothingSeenSaysNothing) {
  EXPECT_DOUBLE_EQ(interval(0, 0).low, 0);
  EXPECT_DOUBLE_EQ(interval(0, 0).high, 1);
}

TEST(Interval, NoneWrongOfTwentyMayStillBeOneOfSix) {
  const Interval found = interval(0, 20);
  EXPECT_DOUBLE_EQ(found.seen, 0);
  EXPECT_NEAR(found.high, 0.161, 0.001);
}

TEST(Interval, HoldsTheTrueShareMoreTightlyTheMoreIsSeen) {
  const Interval few = interval(2, 40);
  const Interval many = interval(200, 4000);
  EXPECT_LT(few.low, 0.05);
  EXPECT_GT(few.high, 0.05);
  EXPECT_LT(many.high - many.low, (few.high - few.low) / 5);
}

}  // namespace
}  // namespace refrain::policy
