#include "trust/allowance.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace refrain::trust {
namespace {

TEST(CheckAllowance, ADayHasSoManyCallsAndTheNextDayHasThemAgain) {
  test::ManualClock clock;
  CheckAllowance allowance({.calls_max = 2});
  EXPECT_TRUE(allowance.take(clock.wall()));
  EXPECT_TRUE(allowance.take(clock.wall()));
  EXPECT_FALSE(allowance.take(clock.wall()));
  clock.advance(std::chrono::hours(24));
  EXPECT_TRUE(allowance.take(clock.wall()));
}

TEST(CheckAllowance, ACallThatIsNotMadeIsLeftForAnother) {
  test::ManualClock clock;
  CheckAllowance allowance({.calls_max = 1});
  ASSERT_TRUE(allowance.take(clock.wall()));
  allowance.give_back();
  EXPECT_TRUE(allowance.take(clock.wall()));
}

TEST(CheckAllowance, MoneyEndsBeforeCallsDo) {
  test::ManualClock clock;
  CheckAllowance allowance({.calls_max = 100, .money_max = 0.01, .price = 10});
  ASSERT_TRUE(allowance.take(clock.wall()));
  allowance.paid(2000);
  EXPECT_FALSE(allowance.take(clock.wall()));
}

}  // namespace
}  // namespace refrain::trust
