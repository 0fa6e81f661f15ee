#include "engine/entries.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

using std::chrono::seconds;

class TestClock final : public base::Clock {
 public:
  base::Instant now() const noexcept override { return {}; }
  base::WallTime wall() const noexcept override { return wall_; }
  base::WallTime wall_{seconds(1000)};
};

class EntriesTest : public testing::Test {
 protected:
  std::string store(const char* request, const char* realm = "a") {
    return entries_.store({.request_id = request, .realm = realm, .prefix_tokens = 7});
  }
  TestClock clock_;
  Entries entries_{{.entries_max = 2, .ttl = seconds(1)}, clock_};
};

TEST_F(EntriesTest, AStoredEntryTellsItsRequestAndLength) {
  auto entry = entries_.get(store("req-1"), "a");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->request_id, "req-1");
  EXPECT_EQ(entry->prefix_tokens, 7U);
}

TEST_F(EntriesTest, AnEntryIsGoneAfterItsTime) {
  const std::string id = store("req-1");
  EXPECT_TRUE(entries_.get(id, "a"));
  clock_.wall_ += seconds(2);
  EXPECT_FALSE(entries_.get(id, "a"));
  EXPECT_EQ(entries_.stats().entries, 0U);
}

TEST_F(EntriesTest, TheLeastRecentlyReadGoesWhenThereAreTooMany) {
  const std::string first = store("req-1");
  const std::string second = store("req-2");
  EXPECT_TRUE(entries_.get(first, ""));
  store("req-3");
  EXPECT_TRUE(entries_.get(first, ""));
  EXPECT_FALSE(entries_.get(second, ""));
}

TEST_F(EntriesTest, StatisticsAddUp) {
  const std::string id = store("req-1");
  store("req-2");
  store("req-3");
  (void)entries_.get(id, "");
  (void)entries_.get("unknown", "");
  const Entries::Stats stats = entries_.stats();
  EXPECT_EQ(stats.stores, 3U);
  EXPECT_EQ(stats.evictions, 1U);
  EXPECT_EQ(stats.entries, 2U);
  EXPECT_EQ(stats.hits + stats.misses, 2U);
}

TEST_F(EntriesTest, AnotherRealmsEntryIsUnknown) {
  EXPECT_FALSE(entries_.get(store("req-1", "a"), "b"));
}

TEST_F(EntriesTest, ClearingARealmLeavesTheOthers) {
  store("req-1", "a");
  const std::string other = store("req-2", "b");
  EXPECT_EQ(entries_.clear("a"), 1U);
  EXPECT_TRUE(entries_.get(other, "b"));
  EXPECT_EQ(entries_.clear(""), 1U);
  EXPECT_EQ(entries_.stats().entries, 0U);
}

TEST(Uuid, ItHasTheShapeOfARandomUuid) {
  const std::string id = fresh_uuid();
  ASSERT_EQ(id.size(), 36U);
  EXPECT_EQ(std::ranges::count(id, '-'), 4);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(id, fresh_uuid());
}

}  // namespace
}  // namespace refrain::engine
