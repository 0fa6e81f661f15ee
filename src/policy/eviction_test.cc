#include "policy/eviction.h"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/eviction_shelf.h"

namespace refrain::policy {
namespace {

TEST(Eviction, UnknownPolicyIsNamedInTheErrorBesideTheKnownOnes) {
  auto made = make_eviction("clock", {.bytes_max = 10});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().what,
            "eviction policy 'clock' is unknown: s3fifo, lru, lfu, fifo, random, w-tinylfu, arc");
}

class EveryEviction : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryEviction, NeverHoldsMoreThanTheLimitAndCountsExactly) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 dice(seed);
    Shelf shelf(GetParam(), 1000);
    std::map<std::uint64_t, std::uint64_t> sizes;
    for (int i = 0; i < 5000; ++i) {
      std::uint64_t name = dice() % 300;
      if (dice() % 10 == 0 && shelf.holds(name)) {
        shelf.remove(name);
      } else {
        // Some as large as half of the cache, so that a newcomer costs many victims.
        sizes.try_emplace(name, 1 + dice() % (name % 50 == 0 ? 500 : 60));
        shelf.ask(name, sizes[name]);
        ASSERT_TRUE(shelf.holds(name)) << "seed " << seed << ": a newcomer must stay";
      }
      std::uint64_t held = 0;
      for (auto [known, bytes] : sizes) held += shelf.holds(known) ? bytes : 0;
      ASSERT_EQ(shelf.bytes(), held) << "seed " << seed;
      ASSERT_LE(held, 1000U) << "seed " << seed;
    }
  }
}

TEST_P(EveryEviction, EvictsNobodyWhileThereIsRoom) {
  Shelf shelf(GetParam(), 100);
  for (std::uint64_t name = 0; name < 100; ++name) shelf.ask(name);
  EXPECT_EQ(shelf.size(), 100U);
  EXPECT_TRUE(shelf.trace().empty());
}

TEST_P(EveryEviction, SameCallsGiveSameVictims) {
  Shelf one(GetParam(), 100), two(GetParam(), 100);
  std::mt19937_64 dice(7);
  for (int i = 0; i < 5000; ++i) {
    std::uint64_t name = dice() % 40 * (dice() % 40);
    one.ask(name, 1 + name % 7);
    two.ask(name, 1 + name % 7);
  }
  EXPECT_EQ(one.trace(), two.trace());
  EXPECT_FALSE(one.trace().empty());
}

TEST_P(EveryEviction, ANewcomerOfTheWholeCacheTurnsAllOthersOut) {
  auto eviction = *make_eviction(GetParam(), {.bytes_max = 100});
  std::vector<Slot> out;
  for (Slot slot = 0; slot < 10; ++slot) {
    eviction->admit({slot, slot, 5}, out);
    eviction->used(slot);
    eviction->used(slot);
  }
  ASSERT_TRUE(out.empty());
  eviction->admit({10, 10, 100}, out);
  std::sort(out.begin(), out.end());
  EXPECT_EQ(out, (std::vector<Slot>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(eviction->bytes(), 100U);
}

// As a tier does whose limit is not the sum of its items.
TEST_P(EveryEviction, TakesMoreThanItsLimitByAddedAndGivesItBackByEvict) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 dice(seed);
    auto eviction = *make_eviction(GetParam(), {.bytes_max = 300});
    std::map<Slot, std::uint64_t> inside;
    std::uint64_t sum = 0;
    for (Slot slot = 0; slot < 500; ++slot) {
      const std::uint64_t bytes = 1 + dice() % 60;
      eviction->added({slot, dice() % 100, bytes});
      inside[slot] = bytes;
      sum += bytes;
      if (dice() % 4 != 0) continue;
      const std::uint64_t wanted = dice() % 200, before = sum;
      std::vector<Slot> out;
      eviction->evict(wanted, out);
      for (Slot gone : out) {
        ASSERT_TRUE(inside.contains(gone));
        sum -= inside.extract(gone).mapped();
      }
      ASSERT_GE(before - sum, std::min(wanted, before));
      ASSERT_EQ(eviction->bytes(), sum);
    }
    std::vector<Slot> out;
    eviction->evict(1'000'000, out);
    EXPECT_EQ(out.size(), inside.size());
    EXPECT_EQ(eviction->bytes(), 0U);
  }
}

TEST_P(EveryEviction, ASlotIsFreeAgainAfterItsItemLeft) {
  auto eviction = *make_eviction(GetParam(), {.bytes_max = 100});
  std::vector<Slot> out;
  eviction->admit({3, 1, 60}, out);
  eviction->removed(3);
  EXPECT_EQ(eviction->bytes(), 0U);
  eviction->admit({3, 2, 70}, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(eviction->bytes(), 70U);
}

INSTANTIATE_TEST_SUITE_P(Policies, EveryEviction, testing::ValuesIn(eviction_names()));

}  // namespace
}  // namespace refrain::policy
