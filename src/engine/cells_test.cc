#include "engine/cells.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Tokens = std::vector<llama::TokenId>;

Tokens count(int from, int to) {
  Tokens out(static_cast<std::size_t>(to - from));
  std::iota(out.begin(), out.end(), from);
  return out;
}

class CellsTest : public testing::Test {
 protected:
  llama::SequenceId hold(const Tokens& tokens, const char* realm = "a") {
    const llama::SequenceId id = *cells_.open(realm);
    cells_.grow(id, tokens);
    return id;
  }
  Cells cells_{100, 4};
};

TEST_F(CellsTest, TheLongestEqualBeginningIsFound) {
  hold(count(0, 10));
  const auto longer = hold(count(0, 20));
  Tokens prompt = count(0, 15);
  prompt.push_back(99);
  const auto found = cells_.find("a", prompt);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->sequence, longer);
  EXPECT_EQ(found->tokens, 15U);
}

TEST_F(CellsTest, AnotherRealmsTokensAreNeverFound) {
  hold(count(0, 10), "a");
  hold(count(0, 10), "");
  EXPECT_FALSE(cells_.find("b", count(0, 10)));
  EXPECT_FALSE(cells_.find("", count(0, 10)));
}

TEST_F(CellsTest, ASharedCellCountsOnceUntilTheLastHolderGoes) {
  const auto first = hold(count(0, 10));
  const auto second = *cells_.open("a");
  cells_.share(first, second, 6);
  cells_.grow(second, count(50, 54));
  EXPECT_EQ(cells_.used(), 14U);
  cells_.drop(first);
  EXPECT_EQ(cells_.used(), 10U);
  cells_.drop(second);
  EXPECT_EQ(cells_.free(), 100U);
}

TEST_F(CellsTest, TheKeptSequenceThatWasUsefulLongestAgoIsOldest) {
  const auto first = hold(count(0, 10));
  const auto second = hold(count(20, 30));
  EXPECT_FALSE(cells_.oldest());
  EXPECT_THAT(cells_.keep(first), IsEmpty());
  EXPECT_THAT(cells_.keep(second), IsEmpty());
  EXPECT_EQ(cells_.oldest(), first);
  cells_.touch(first);
  EXPECT_EQ(cells_.oldest(), second);
}

TEST_F(CellsTest, ABeginningOfAKeptSequenceIsNotKeptTwice) {
  const auto shorter = hold(count(0, 10));
  const auto longer = hold(count(0, 20));
  EXPECT_THAT(cells_.keep(shorter), IsEmpty());
  EXPECT_THAT(cells_.keep(longer), ElementsAre(shorter));
  cells_.drop(shorter);
  const auto again = hold(count(0, 5));
  EXPECT_THAT(cells_.keep(again), ElementsAre(again));
}

TEST_F(CellsTest, WithoutARealmNothingIsKept) {
  const auto id = hold(count(0, 10), "");
  EXPECT_THAT(cells_.keep(id), ElementsAre(id));
}

TEST_F(CellsTest, ReclaimableIsWhatOnlyKeptSequencesHold) {
  const auto kept = hold(count(0, 10));
  const auto running = *cells_.open("a");
  cells_.share(kept, running, 4);
  cells_.keep(kept);
  EXPECT_EQ(cells_.reclaimable(), 6U);
}

TEST_F(CellsTest, ShrinkingGivesBackTheTail) {
  const auto id = hold(count(0, 10));
  cells_.shrink(id, 3);
  EXPECT_EQ(cells_.used(), 3U);
  EXPECT_THAT(Tokens(cells_.tokens(id).begin(), cells_.tokens(id).end()), ElementsAre(0, 1, 2));
}

TEST_F(CellsTest, NoSequenceIsOpenedBeyondTheirNumber) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(cells_.open("a"));
  EXPECT_FALSE(cells_.open("a"));
  cells_.drop(2);
  EXPECT_EQ(cells_.open("a"), 2);
}

TEST_F(CellsTest, AnEpochIsOfOneUseOnly) {
  const auto id = *cells_.open("a");
  const auto before = cells_.epoch(id);
  cells_.drop(id);
  const auto dropped = cells_.epoch(id);
  EXPECT_NE(dropped, before);
  ASSERT_EQ(cells_.open("a"), id);
  EXPECT_NE(cells_.epoch(id), before);
  EXPECT_NE(cells_.epoch(id), dropped);
}

}  // namespace
}  // namespace refrain::engine
