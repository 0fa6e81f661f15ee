#include "trust/verdicts.h"

#include <gtest/gtest.h>

namespace refrain::trust {
namespace {

TEST(Verdicts, WhatIsSaidTwiceChangesNothing) {
  Verdicts verdicts(10);
  EXPECT_TRUE(*verdicts.say({1, Verdict::wrong}));
  EXPECT_FALSE(*verdicts.say({1, Verdict::wrong}));
  EXPECT_EQ(verdicts.quarantined_count(), 1U);
}

TEST(Verdicts, WrongIsQuarantineAndRightEndsIt) {
  Verdicts verdicts(10);
  ASSERT_TRUE(verdicts.say({1, Verdict::wrong}));
  EXPECT_TRUE(verdicts.quarantined(1));
  EXPECT_FALSE(verdicts.quarantined(2));
  EXPECT_TRUE(*verdicts.say({1, Verdict::right}));
  EXPECT_FALSE(verdicts.quarantined(1));
  EXPECT_EQ(verdicts.quarantined_count(), 0U);
}

TEST(Verdicts, AnErasedEntryTakesItsVerdictWithIt) {
  Verdicts verdicts(10);
  ASSERT_TRUE(verdicts.say({1, Verdict::wrong}));
  const key::EntryId ids[] = {1, 2};
  EXPECT_TRUE(verdicts.erase(ids));
  EXPECT_FALSE(verdicts.erase(ids));
  EXPECT_TRUE(verdicts.all().empty());
}

TEST(Verdicts, BeyondTheLimitTheyAreRefusedWithTheReason) {
  Verdicts verdicts(1);
  ASSERT_TRUE(verdicts.say({1, Verdict::wrong}));
  EXPECT_FALSE(verdicts.say({2, Verdict::wrong}));
  EXPECT_TRUE(*verdicts.say({1, Verdict::right}));
}

}  // namespace
}  // namespace refrain::trust
