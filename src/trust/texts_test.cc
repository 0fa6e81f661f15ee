#include "trust/texts.h"

#include <gtest/gtest.h>

namespace refrain::trust {
namespace {

TEST(Texts, WhatWasPutIsFoundAndTheRestIsNull) {
  Texts texts({});
  texts.put(1, read_text("When does it open?", "At nine."));
  const key::EntryId ids[] = {1, 2};
  const auto found = texts.find(ids);
  ASSERT_TRUE(found[0]);
  EXPECT_EQ(found[0]->question.asks, policy::Asked::when);
  EXPECT_FALSE(found[1]);
}

TEST(Texts, TheLeastRecentlyUsedMakesRoom) {
  const auto text = read_text("When does it open on a Sunday?", "At nine in the morning.");
  const std::uint64_t bytes = footprint(*text);
  Texts texts({.bytes_max = 2 * bytes + 10});
  texts.put(1, text);
  texts.put(2, text);
  const key::EntryId first[] = {1};
  texts.find(first);
  texts.put(3, text);
  const key::EntryId all[] = {1, 2, 3};
  const auto found = texts.find(all);
  EXPECT_TRUE(found[0]);
  EXPECT_FALSE(found[1]);
  EXPECT_TRUE(found[2]);
  EXPECT_LE(texts.stats().bytes, texts.stats().bytes_max);
}

TEST(Texts, AnErasedEntryIsNotKnown) {
  Texts texts({});
  texts.put(1, read_text("a", "b"));
  const key::EntryId ids[] = {1};
  texts.erase(ids);
  EXPECT_FALSE(texts.find(ids)[0]);
  EXPECT_EQ(texts.stats().bytes, 0U);
}

TEST(Texts, TwoAnswersAreComparedOnce) {
  Texts texts({});
  const auto a = read_text("When?", "It takes 3 days.");
  const auto b = read_text("How long?", "It takes 5 days.");
  const double first = texts.agreement(1, *a, 2, *b);
  EXPECT_LE(first, policy::kDiffers);
  EXPECT_DOUBLE_EQ(texts.agreement(2, *b, 1, *a), first);
  EXPECT_EQ(texts.stats().pairs_missed, 1U);
  EXPECT_EQ(texts.stats().pairs_found, 1U);
}

}  // namespace
}  // namespace refrain::trust
