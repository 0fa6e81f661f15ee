#include "upstream/budget.h"

#include <gtest/gtest.h>

namespace refrain::upstream {
namespace {

TEST(RetryBudget, ABurstMayBeSpentAtOnceAndThenNothing) {
  RetryBudget budget({.share = 0, .burst = 2});
  EXPECT_TRUE(budget.spend());
  EXPECT_TRUE(budget.spend());
  EXPECT_FALSE(budget.spend());
}

TEST(RetryBudget, TenRequestsEarnOneRetryAtATenth) {
  RetryBudget budget({.share = 0.1, .burst = 1});
  EXPECT_TRUE(budget.spend());
  for (int i = 0; i < 9; ++i) budget.earn();
  EXPECT_FALSE(budget.spend());
  budget.earn();
  EXPECT_TRUE(budget.spend());
}

TEST(RetryBudget, EarningsBeyondTheBurstAreLost) {
  RetryBudget budget({.share = 1, .burst = 1});
  for (int i = 0; i < 5; ++i) budget.earn();
  EXPECT_TRUE(budget.spend());
  EXPECT_FALSE(budget.spend());
}

}  // namespace
}  // namespace refrain::upstream
