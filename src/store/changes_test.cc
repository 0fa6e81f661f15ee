#include "store/changes.h"

#include <gtest/gtest.h>

namespace refrain::store::changes {
namespace {

using Ids = std::vector<EntryId>;

Note note(std::uint64_t sequence, Ids put, Ids gone = {}) {
  return {sequence, pack(std::move(put)), pack(std::move(gone))};
}

TEST(StoreChanges, IdsComeBackInOrder) {
  EXPECT_EQ(*unpack(pack({9, 1ULL << 50U, 3})), (Ids{3, 9, 1ULL << 50U}));
  EXPECT_EQ(*unpack(pack({})), Ids{});
  EXPECT_FALSE(unpack("\x05\x01"));
}

TEST(StoreChanges, OthersAreNewsAndOnesOwnAreNot) {
  Follower follower(4);
  follower.own(6);
  News news = follower.read(std::vector{note(5, {1}, {2}), note(6, {3}), note(7, {}, {4})}, 7);
  EXPECT_FALSE(news.lost);
  EXPECT_EQ(news.put, Ids{1});
  EXPECT_EQ(news.gone, (Ids{2, 4}));
  EXPECT_EQ(follower.seen(), 7U);
}

TEST(StoreChanges, AGapMeansThatSomethingWasMissed) {
  Follower follower(4);
  News news = follower.read(std::vector{note(6, {1})}, 6);
  EXPECT_TRUE(news.lost);
  EXPECT_EQ(follower.seen(), 6U);
  EXPECT_FALSE(follower.read({}, 6).lost);
}

TEST(StoreChanges, NotesThatAreGoneAreAGapToo) {
  Follower follower(4);
  EXPECT_TRUE(follower.read({}, 9).lost);
  EXPECT_EQ(follower.seen(), 9U);
}

TEST(StoreChanges, ADatabaseThatWasPutBackIsAGapToo) {
  Follower follower(9);
  EXPECT_TRUE(follower.read({}, 3).lost);
  EXPECT_FALSE(follower.read(std::vector{note(4, {1})}, 4).lost);
}

TEST(StoreChanges, NotesThatCameAfterTheNumberWasReadAreNoGap) {
  Follower follower(4);
  EXPECT_FALSE(follower.read(std::vector{note(5, {1})}, 4).lost);
}

}  // namespace
}  // namespace refrain::store::changes
