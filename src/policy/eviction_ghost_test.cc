#include "policy/eviction_ghost.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

TEST(Ghost, RecallsOnceAndGivesTheBytesBack) {
  Ghost ghost;
  ghost.remember(7, 30);
  EXPECT_EQ(ghost.recall(7), 30U);
  EXPECT_FALSE(ghost.recall(7));
  EXPECT_EQ(ghost.bytes(), 0U);
}

TEST(Ghost, DropsWhatWasRememberedLongestAgo) {
  Ghost ghost;
  ghost.remember(1, 10);
  ghost.remember(2, 10);
  ghost.remember(1, 5);  // the newest now
  EXPECT_EQ(ghost.bytes(), 15U);
  ghost.drop_oldest();
  EXPECT_TRUE(ghost.knows(1));
  EXPECT_FALSE(ghost.knows(2));
}

TEST(Ghost, UsesItsRoomAgain) {
  Ghost ghost;
  for (std::uint64_t name = 0; name < 1000; ++name) {
    ghost.remember(name, 1);
    if (ghost.bytes() > 10) ghost.drop_oldest();
  }
  EXPECT_EQ(ghost.bytes(), 10U);
  EXPECT_TRUE(ghost.knows(999));
  EXPECT_FALSE(ghost.knows(989));
}

}  // namespace
}  // namespace refrain::policy
