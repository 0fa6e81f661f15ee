#include <algorithm>
#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/eviction_shelf.h"

namespace refrain::policy {
namespace {

TEST(Fifo, EvictsWhatCameFirst) {
  Shelf shelf("fifo", 3);
  ask_all(shelf, {1, 2, 3, 1, 4, 2, 5});
  EXPECT_EQ(shelf.trace(), (Trace{1, 2}));
}

TEST(Fifo, AgreesWithAListThatIsWrittenDown) {
  std::mt19937_64 dice(3);
  Shelf shelf("fifo", 20);
  std::deque<std::uint64_t> order;
  Trace expected;
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t name = dice() % 40;
    shelf.ask(name);
    if (std::ranges::count(order, name) > 0) continue;
    if (order.size() == 20) {
      expected.push_back(order.front());
      order.pop_front();
    }
    order.push_back(name);
  }
  EXPECT_EQ(shelf.trace(), expected);
}

}  // namespace
}  // namespace refrain::policy
