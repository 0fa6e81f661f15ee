#include <algorithm>
#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/eviction_shelf.h"

namespace refrain::policy {
namespace {

TEST(Lru, EvictsWhatWasUsedLongestAgo) {
  Shelf shelf("lru", 3);
  ask_all(shelf, {1, 2, 3, 1, 4, 2, 5});
  EXPECT_EQ(shelf.trace(), (Trace{2, 3, 1}));
}

TEST(Lru, AgreesWithAListThatIsWrittenDown) {
  std::mt19937_64 dice(4);
  Shelf shelf("lru", 20);
  std::deque<std::uint64_t> order;  // oldest use first
  Trace expected;
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t name = dice() % 40;
    shelf.ask(name);
    if (std::erase(order, name) == 0 && order.size() == 20) {
      expected.push_back(order.front());
      order.pop_front();
    }
    order.push_back(name);
  }
  EXPECT_EQ(shelf.trace(), expected);
}

TEST(Lru, ALoopLongerThanTheCacheNeverHits) {
  Shelf shelf("lru", 10);
  std::size_t hits = 0;
  for (std::uint64_t i = 0; i < 110; ++i) hits += shelf.ask(i % 11) ? 1U : 0U;
  EXPECT_EQ(hits, 0U);
}

}  // namespace
}  // namespace refrain::policy
