#include "cache/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::cache {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Limits, TheLeastRecentlyUsedEntryGoesFirst) {
  Limits limits;
  EXPECT_THAT(limits.added("u1", 1, 3), IsEmpty());
  EXPECT_THAT(limits.added("u1", 2, 3), IsEmpty());
  EXPECT_THAT(limits.added("u1", 3, 3), IsEmpty());
  limits.used(1);
  EXPECT_THAT(limits.added("u1", 4, 3), ElementsAre(2));
}

TEST(Limits, ScopesDoNotPushEachOtherOut) {
  Limits limits;
  EXPECT_THAT(limits.added("u1", 1, 1), IsEmpty());
  EXPECT_THAT(limits.added("u2", 2, 1), IsEmpty());
  EXPECT_EQ(limits.size("u1"), 1U);
}

TEST(Limits, RemovedEntriesMakeRoom) {
  Limits limits;
  EXPECT_THAT(limits.added("u1", 1, 1), IsEmpty());
  key::EntryId gone[] = {1};
  limits.removed(gone);
  EXPECT_THAT(limits.added("u1", 2, 1), IsEmpty());
}

TEST(Limits, UsingAnUnknownEntryIsIgnored) {
  Limits limits;
  limits.used(99);
  EXPECT_EQ(limits.size("u1"), 0U);
}

}  // namespace
}  // namespace refrain::cache
