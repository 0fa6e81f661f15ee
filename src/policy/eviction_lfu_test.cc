#include <algorithm>
#include <random>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/support/eviction_shelf.h"

namespace refrain::policy {
namespace {

TEST(Lfu, EvictsWhatWasUsedLeast) {
  Shelf shelf("lfu", 3);
  ask_all(shelf, {1, 2, 3, 1, 1, 2, 4, 5});
  EXPECT_EQ(shelf.trace(), (Trace{3, 4}));
}

TEST(Lfu, OfEqualsTheOneUsedLongestAgoGoes) {
  Shelf shelf("lfu", 3);
  ask_all(shelf, {1, 2, 3, 3, 1, 2, 4});
  EXPECT_EQ(shelf.trace(), (Trace{3}));
}

TEST(Lfu, ForgetsTheUsesOfWhatIsGone) {
  Shelf shelf("lfu", 2);
  ask_all(shelf, {1, 1, 2});
  shelf.remove(1);
  ask_all(shelf, {1, 2, 3});
  EXPECT_EQ(shelf.trace(), (Trace{1}));
}

TEST(Lfu, AgreesWithAListThatIsWrittenDown) {
  std::mt19937_64 dice(5);
  Shelf shelf("lfu", 20);
  struct Seen {
    std::uint64_t uses, last, name;
  };
  std::vector<Seen> inside;
  Trace expected;
  for (std::uint64_t now = 0; now < 5000; ++now) {
    const std::uint64_t name = std::min(dice() % 40, dice() % 40);
    shelf.ask(name);
    auto at = std::ranges::find(inside, name, &Seen::name);
    if (at != inside.end()) {
      at->uses += 1;
      at->last = now;
      continue;
    }
    if (inside.size() == 20) {
      auto least = std::ranges::min_element(
          inside, {}, [](const Seen& seen) { return std::tuple(seen.uses, seen.last); });
      expected.push_back(least->name);
      inside.erase(least);
    }
    inside.push_back({1, now, name});
  }
  EXPECT_EQ(shelf.trace(), expected);
}

}  // namespace
}  // namespace refrain::policy
