#include "cache/front.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "policy/eviction.h"

namespace refrain::cache {
namespace {

using std::chrono::milliseconds;

base::WallTime at(int ms) { return base::WallTime(milliseconds(ms)); }

std::shared_ptr<const chat::Answer> answer_of(std::size_t bytes) {
  auto event = std::make_shared<chat::Event>();
  event->choices.emplace_back();
  event->choices[0].content = std::string(bytes, 'x');
  auto answer = std::make_shared<chat::Answer>();
  answer->events.push_back(std::move(event));
  return answer;
}

std::shared_ptr<Entry> entry_of(const std::string& canonical, key::EntryId id,
                                std::size_t bytes = 10) {
  auto entry = std::make_shared<Entry>();
  entry->canonical = canonical;
  entry->id = id;
  entry->answer = answer_of(bytes);
  return entry;
}

key::Key key_of(const std::string& canonical) { return base::digest(canonical); }

void put(Front& front, const std::string& canonical, key::EntryId id, std::size_t bytes = 10) {
  front.put(key_of(canonical), entry_of(canonical, id, bytes));
}

std::shared_ptr<const Entry> find(Front& front, const std::string& canonical, int ms = 0) {
  return front.find(key_of(canonical), canonical, at(ms));
}

TEST(Front, FindsWhatWasPut) {
  Front front({});
  put(front, "a", 1);
  ASSERT_TRUE(find(front, "a"));
  EXPECT_EQ(find(front, "a")->id, 1U);
  EXPECT_FALSE(find(front, "b"));
}

TEST(Front, EqualDigestOfOtherBytesIsAMiss) {
  Front front({});
  front.put(key_of("a"), entry_of("other bytes", 1));
  EXPECT_FALSE(find(front, "a"));
}

TEST(Front, ExpiredEntryIsAMissFromThatInstantOnAndIsGone) {
  Front front({});
  auto entry = entry_of("a", 1);
  entry->expires = at(100);
  front.put(key_of("a"), entry);
  EXPECT_TRUE(find(front, "a", 99));
  EXPECT_FALSE(find(front, "a", 100));
  EXPECT_EQ(front.stats().entries, 0U);
}

TEST(Front, ALaterPutTakesThePlaceAndOldIdsNoLongerEraseIt) {
  Front front({});
  put(front, "a", 1);
  put(front, "a", 2);
  key::EntryId old[] = {1};
  front.erase(old);
  ASSERT_TRUE(find(front, "a"));
  EXPECT_EQ(find(front, "a")->id, 2U);
  EXPECT_EQ(front.stats().entries, 1U);
}

TEST(Front, EraseByIdForgetsAndFreesTheBytes) {
  Front front({});
  put(front, "a", 1);
  put(front, "b", 2);
  key::EntryId ids[] = {1, 2, 77};
  front.erase(ids);
  EXPECT_FALSE(find(front, "a"));
  EXPECT_EQ(front.stats().bytes, 0U);
}

TEST(Front, ClearForgetsAll) {
  Front front({});
  put(front, "a", 1);
  put(front, "b", 2);
  front.clear();
  EXPECT_FALSE(find(front, "b"));
  EXPECT_EQ(front.stats().bytes, 0U);
  put(front, "a", 3);
  EXPECT_TRUE(find(front, "a"));
}

TEST(Front, StaysBelowItsBytes) {
  for (std::string_view policy : policy::eviction_names()) {
    Front front({.bytes_max = 64 << 20, .policy = std::string(policy)});
    for (int i = 0; i < 2000; ++i) {
      put(front, std::to_string(i), static_cast<key::EntryId>(i + 1), 100000);
      ASSERT_LE(front.stats().bytes, 64U << 20);
    }
    EXPECT_GT(front.stats().bytes, 48U << 20);
    EXPECT_EQ(front.stats().entries + front.stats().evicted, 2000U);
  }
}

TEST(Front, AnEntryLargerThanAShardIsRefusedAndCounted) {
  Front front({.bytes_max = 100000});
  put(front, "a", 1);
  put(front, "a", 2, 200000);
  EXPECT_FALSE(find(front, "a"));  // the former version must not be served in its place
  EXPECT_EQ(front.stats().refused, 1U);
}

TEST(Front, ZeroBytesKeepNothing) {
  Front front({.bytes_max = 0});
  put(front, "a", 1);
  EXPECT_FALSE(find(front, "a"));
}

TEST(Front, TouchesCountEachHitOnce) {
  Front front({});
  put(front, "a", 1);
  put(front, "b", 2);
  find(front, "a", 5);
  find(front, "a", 9);
  std::vector<store::Touch> touches = front.drain_touches();
  ASSERT_EQ(touches.size(), 1U);
  EXPECT_EQ(touches[0].id, 1U);
  EXPECT_EQ(touches[0].hits, 2U);
  EXPECT_EQ(touches[0].used, at(9));
  EXPECT_TRUE(front.drain_touches().empty());
}

TEST(Front, TouchesOfAnEntryThatLeftAreNotLost) {
  Front front({});
  put(front, "a", 1);
  find(front, "a");
  key::EntryId ids[] = {1};
  front.erase(ids);
  put(front, "b", 2);  // takes the same slot
  find(front, "b");
  std::vector<store::Touch> touches = front.drain_touches();
  ASSERT_EQ(touches.size(), 2U);
  EXPECT_EQ(touches[0].hits + touches[1].hits, 2U);
  EXPECT_NE(touches[0].id, touches[1].id);
}

TEST(Front, UnknownPolicyIsRefusedByCheck) {
  EXPECT_FALSE((Front::Options{.policy = "clock"}.check()));
  EXPECT_TRUE(Front::Options{}.check());
}

// For TSan: every function of the front beside every other, under each policy.
TEST(Front, HoldsTogetherUnderSixteenThreads) {
  for (std::string_view policy : policy::eviction_names()) {
    Front front({.bytes_max = 8 << 20, .policy = std::string(policy)});
    std::atomic<std::uint64_t> hits{0};
    {
      std::vector<std::jthread> threads;
      for (unsigned t = 0; t < 16; ++t) {
        threads.emplace_back([&, t] {
          for (unsigned i = 0; i < 1000; ++i) {
            std::string canonical = std::to_string((i * 7 + t) % 500);
            if (auto entry = find(front, canonical)) {
              EXPECT_EQ(entry->canonical, canonical);
              ++hits;
            } else {
              put(front, canonical, 1 + i * 16 + t, 20000);
            }
            if (i % 50 == 0) front.drain_touches();
            if (i % 70 == 0) {
              EXPECT_LE(front.stats().bytes, 8U << 20);
            }
            key::EntryId ids[] = {i};
            if (i % 17 == 0) front.erase(ids);
          }
        });
      }
    }
    EXPECT_EQ(front.stats().hits, hits.load()) << policy;
    EXPECT_EQ(front.stats().hits + front.stats().misses, 16000U) << policy;
    EXPECT_EQ(front.stats().policy, policy);
  }
}

}  // namespace
}  // namespace refrain::cache
