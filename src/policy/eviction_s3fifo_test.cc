#include <gtest/gtest.h>

#include "tests/support/eviction_shelf.h"

namespace refrain::policy {
namespace {

void ask_range(Shelf& shelf, std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t name = first; name < end; ++name) shelf.ask(name);
}

TEST(S3Fifo, KeepsWhatWasUsedTwice) {
  Shelf shelf("s3fifo", 10);
  ask_range(shelf, 1, 11);
  ask_all(shelf, {1, 1, 2, 11});  // once, as for 2, is not enough
  EXPECT_EQ(shelf.trace(), (Trace{2}));
  EXPECT_TRUE(shelf.holds(1));
}

TEST(S3Fifo, PutsWhatComesBackSoonIntoMain) {
  Shelf shelf("s3fifo", 10);
  ask_range(shelf, 1, 12);  // 1 is a ghost now
  shelf.ask(1);
  ask_range(shelf, 100, 200);
  EXPECT_TRUE(shelf.holds(1));
}

TEST(S3Fifo, ForgetsGhostsInTheEnd) {
  Shelf shelf("s3fifo", 10);
  ask_range(shelf, 1, 12);
  ask_range(shelf, 100, 200);
  shelf.ask(1);
  ask_range(shelf, 200, 300);
  EXPECT_FALSE(shelf.holds(1));
}

TEST(S3Fifo, AScanOfOneHitWondersLeavesTheHotSet) {
  Shelf s3fifo("s3fifo", 1000), lru("lru", 1000);
  for (Shelf* shelf : {&s3fifo, &lru}) {
    for (int round = 0; round < 4; ++round) ask_range(*shelf, 0, 500);
    ask_range(*shelf, 10000, 30000);
  }
  EXPECT_EQ(held(s3fifo, 0, 500), 500U);
  EXPECT_EQ(held(lru, 0, 500), 0U);
}

}  // namespace
}  // namespace refrain::policy
