#include "cache/pending.h"

#include <gtest/gtest.h>

namespace refrain::cache {
namespace {

Pending::Item item(key::EntryId id) {
  auto record = std::make_shared<store::Record>();
  record->id = id;
  return {record, nullptr, false, false};
}

TEST(Pending, FindsARecordUntilItIsRemoved) {
  Pending pending;
  pending.add(item(7));
  ASSERT_TRUE(pending.find(7).record);
  EXPECT_EQ(pending.find(7).record->id, 7U);
  key::EntryId ids[] = {7};
  pending.remove(ids);
  EXPECT_FALSE(pending.find(7).record);
  EXPECT_EQ(pending.size(), 0U);
}

TEST(Pending, RemovingAStrangerChangesNothing) {
  Pending pending;
  pending.add(item(7));
  key::EntryId ids[] = {8};
  pending.remove(ids);
  EXPECT_EQ(pending.size(), 1U);
}

TEST(Pending, WhatIsDoomedBeforeItIsHandedOverIsNeverWritten) {
  Pending pending;
  pending.add(item(7));
  key::EntryId ids[] = {7};
  pending.doom(ids);
  EXPECT_FALSE(pending.find(7).record);
  EXPECT_FALSE(pending.hand_over(7));
  EXPECT_EQ(pending.size(), 0U);
}

TEST(Pending, WhatTheStoreHasAlreadyIsNotDoomed) {
  Pending pending;
  pending.add(item(7));
  EXPECT_TRUE(pending.hand_over(7));
  key::EntryId ids[] = {7};
  pending.doom(ids);
  EXPECT_TRUE(pending.find(7).record);
}

TEST(Pending, FindsWhatAFilterMeans) {
  Pending pending;
  pending.add(item(7));
  store::Filter filter;
  filter.everything = true;
  EXPECT_EQ(pending.matching(filter).size(), 1U);
  filter.model = "another";
  EXPECT_TRUE(pending.matching(filter).empty());
}

}  // namespace
}  // namespace refrain::cache
