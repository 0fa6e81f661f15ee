#include "policy/eviction.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

// A cache of names over a policy: what a caller does, in ten lines.
class Shelf {
 public:
  Shelf(std::string_view policy, std::uint64_t bytes_max)
      : bytes_max_(bytes_max), eviction_(*make_eviction(policy, bytes_max)) {}

  // True on a hit; a miss adds the name.
  bool ask(std::uint64_t name, std::uint64_t bytes = 1) {
    if (auto at = slots_.find(name); at != slots_.end()) {
      eviction_->used(at->second);
      return true;
    }
    if (eviction_->bytes() + bytes > bytes_max_) {
      std::vector<Slot> out;
      eviction_->evict(eviction_->bytes() + bytes - bytes_max_, out);
      for (Slot slot : out) {
        trace_.push_back(names_.at(slot));
        slots_.erase(names_.at(slot));
        names_.erase(slot);
      }
    }
    Slot slot = 0;
    while (names_.contains(slot)) ++slot;
    names_[slot] = name;
    slots_[name] = slot;
    eviction_->added(slot, name * 0x9e3779b97f4a7c15, bytes);
    return false;
  }
  void remove(std::uint64_t name) {
    Slot slot = slots_.at(name);
    eviction_->removed(slot);
    slots_.erase(name);
    names_.erase(slot);
  }
  bool holds(std::uint64_t name) const { return slots_.contains(name); }
  std::size_t size() const { return slots_.size(); }
  std::uint64_t bytes() const { return eviction_->bytes(); }
  const std::vector<std::uint64_t>& trace() const { return trace_; }

 private:
  const std::uint64_t bytes_max_;
  std::unique_ptr<Eviction> eviction_;
  std::map<std::uint64_t, Slot> slots_;
  std::map<Slot, std::uint64_t> names_;
  std::vector<std::uint64_t> trace_;
};

using Trace = std::vector<std::uint64_t>;

TEST(Eviction, LruEvictsWhatWasUsedLongestAgo) {
  Shelf shelf("lru", 3);
  for (std::uint64_t name : {1U, 2U, 3U, 1U, 4U, 2U, 5U}) shelf.ask(name);
  EXPECT_EQ(shelf.trace(), (Trace{2, 3, 1}));
}

TEST(Eviction, FifoEvictsWhatCameFirst) {
  Shelf shelf("fifo", 3);
  for (std::uint64_t name : {1U, 2U, 3U, 1U, 4U, 2U, 5U}) shelf.ask(name);
  EXPECT_EQ(shelf.trace(), (Trace{1, 2}));
}

TEST(Eviction, S3FifoKeepsWhatWasUsedTwice) {
  Shelf shelf("s3fifo", 10);
  for (std::uint64_t name = 1; name <= 10; ++name) shelf.ask(name);
  shelf.ask(1);
  shelf.ask(1);
  shelf.ask(2);  // once is not enough
  shelf.ask(11);
  EXPECT_EQ(shelf.trace(), (Trace{2}));
  EXPECT_TRUE(shelf.holds(1));
}

TEST(Eviction, S3FifoPutsWhatComesBackSoonIntoMain) {
  Shelf shelf("s3fifo", 10);
  for (std::uint64_t name = 1; name <= 11; ++name) shelf.ask(name);  // 1 is a ghost now
  shelf.ask(1);
  for (std::uint64_t name = 100; name < 200; ++name) shelf.ask(name);
  EXPECT_TRUE(shelf.holds(1));
}

TEST(Eviction, S3FifoForgetsGhostsInTheEnd) {
  Shelf shelf("s3fifo", 10);
  for (std::uint64_t name = 1; name <= 11; ++name) shelf.ask(name);
  for (std::uint64_t name = 100; name < 200; ++name) shelf.ask(name);
  shelf.ask(1);
  for (std::uint64_t name = 200; name < 300; ++name) shelf.ask(name);
  EXPECT_FALSE(shelf.holds(1));
}

TEST(Eviction, AScanOfOneHitWondersLeavesTheHotSetUnderS3Fifo) {
  Shelf s3fifo("s3fifo", 1000), lru("lru", 1000);
  for (int round = 0; round < 4; ++round) {
    for (std::uint64_t name = 0; name < 500; ++name) {
      s3fifo.ask(name);
      lru.ask(name);
    }
  }
  for (std::uint64_t name = 10000; name < 30000; ++name) {
    s3fifo.ask(name);
    lru.ask(name);
  }
  std::size_t kept = 0, kept_by_lru = 0;
  for (std::uint64_t name = 0; name < 500; ++name) {
    kept += s3fifo.holds(name) ? 1 : 0;
    kept_by_lru += lru.holds(name) ? 1 : 0;
  }
  EXPECT_EQ(kept, 500U);
  EXPECT_EQ(kept_by_lru, 0U);
}

TEST(Eviction, UnknownPolicyIsNamedInTheError) {
  auto made = make_eviction("random", 10);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().what, "eviction policy 'random' is unknown: s3fifo, lru or fifo");
}

class EveryEviction : public testing::TestWithParam<std::string> {};

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
        sizes.try_emplace(name, 1 + dice() % 60);
        shelf.ask(name, sizes[name]);
      }
      std::uint64_t held = 0;
      for (auto [known, bytes] : sizes) held += shelf.holds(known) ? bytes : 0;
      ASSERT_EQ(shelf.bytes(), held) << "seed " << seed;
      ASSERT_LE(held, 1000U) << "seed " << seed;
    }
  }
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

TEST_P(EveryEviction, EvictsAllWhenAskedForMoreThanThereIs) {
  auto eviction = *make_eviction(GetParam(), 100);
  for (Slot slot = 0; slot < 10; ++slot) {
    eviction->added(slot, slot, 5);
    eviction->used(slot);
    eviction->used(slot);
  }
  std::vector<Slot> out;
  eviction->evict(1000, out);
  std::sort(out.begin(), out.end());
  EXPECT_EQ(out, (std::vector<Slot>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(eviction->bytes(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Policies, EveryEviction, testing::Values("s3fifo", "lru", "fifo"));

}  // namespace
}  // namespace refrain::policy
