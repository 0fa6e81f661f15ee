#include "policy/value.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

using std::chrono::hours;

EntryFacts a_day_old() {
  base::WallTime now{hours(1000000)};
  return {.stored = now - hours(24), .used = now - hours(2), .now = now, .hits = 3,
          .cost = std::chrono::seconds(4), .bytes = 2000};
}

TEST(Value, GrowsWithHitsAndCostAndFallsWithBytesAndIdleTime) {
  EntryFacts facts = a_day_old(), asked = facts, dear = facts, large = facts, idle = facts;
  asked.hits = 4;
  dear.cost *= 2;
  large.bytes *= 2;
  idle.used -= hours(10);
  EXPECT_GT(value(asked), value(facts));
  EXPECT_DOUBLE_EQ(value(dear), 2 * value(facts));
  EXPECT_DOUBLE_EQ(value(large), value(facts) / 2);
  EXPECT_LT(value(idle), value(facts));
}

TEST(Value, AFreshEntryIsWorthMoreThanAnOldOneNobodyAskedFor) {
  EntryFacts fresh = a_day_old(), stale = fresh;
  fresh.stored = fresh.used = fresh.now;
  fresh.hits = stale.hits = 0;
  EXPECT_GT(value(fresh), value(stale));
}

TEST(Value, IsFiniteAndPositiveWhateverTheFacts) {
  std::mt19937_64 dice(3);
  for (int i = 0; i < 100000; ++i) {
    EntryFacts facts;
    facts.stored = base::WallTime(std::chrono::milliseconds(dice() >> (dice() % 40 + 20)));
    facts.used = base::WallTime(std::chrono::milliseconds(dice() >> (dice() % 40 + 20)));
    facts.now = base::WallTime(std::chrono::milliseconds(dice() >> (dice() % 40 + 20)));
    facts.hits = dice() >> (dice() % 64);
    facts.cost = std::chrono::microseconds(dice() >> (dice() % 40 + 20));
    facts.bytes = dice() >> (dice() % 64);
    double worth = value(facts);
    ASSERT_TRUE(std::isfinite(worth));
    ASSERT_GT(worth, 0);
  }
}

}  // namespace
}  // namespace refrain::policy
