#include <random>

#include <gtest/gtest.h>

#include "tests/support/eviction_shelf.h"

namespace refrain::policy {
namespace {

TEST(WTinyLfu, AHotKeyStaysThroughAScanOfTenTimesTheCache) {
  Shelf shelf("w-tinylfu", 100);
  for (int i = 0; i < 5; ++i) shelf.ask(7);
  for (std::uint64_t name = 1000; name < 2000; ++name) {
    shelf.ask(name);
    ASSERT_TRUE(shelf.holds(7)) << "after " << name;
  }
}

TEST(WTinyLfu, AHotKeyThatIsUsedNowAndThenStaysThroughAScanWithoutEnd) {
  Shelf shelf("w-tinylfu", 100), lru("lru", 100);
  std::size_t hits = 0, hits_of_lru = 0;
  for (std::uint64_t name = 1000; name < 51000; ++name) {
    shelf.ask(name);
    lru.ask(name);
    if (name % 150 == 0) {
      hits += shelf.ask(7) ? 1U : 0U;
      hits_of_lru += lru.ask(7) ? 1U : 0U;
    }
  }
  EXPECT_GE(hits, 300U);  // of 333
  EXPECT_EQ(hits_of_lru, 0U);
}

TEST(WTinyLfu, AScanDoesNotPushOutWhatIsInMain) {
  Shelf shelf("w-tinylfu", 1000);
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t name = 0; name < 900; ++name) shelf.ask(name);
  }
  for (std::uint64_t name = 10000; name < 13000; ++name) shelf.ask(name);
  EXPECT_GE(held(shelf, 0, 900), 890U);  // estimates: a few strangers look popular
}

TEST(WTinyLfu, ANewcomerIsAskedForOftenEnoughToWinAgainstMain) {
  Shelf shelf("w-tinylfu", 100);
  for (std::uint64_t name = 0; name < 100; ++name) shelf.ask(name);
  for (int round = 0; round < 4; ++round) ask_all(shelf, {500, 501});  // each pushes the other out
  EXPECT_TRUE(shelf.holds(500));
  EXPECT_TRUE(shelf.holds(501));
}

TEST(WTinyLfu, WhatWasPopularLongAgoGivesWay) {
  Shelf shelf("w-tinylfu", 50);
  for (int round = 0; round < 10; ++round) {
    for (std::uint64_t name = 0; name < 50; ++name) shelf.ask(name);
  }
  for (int round = 0; round < 100; ++round) {
    for (std::uint64_t name = 100; name < 150; ++name) shelf.ask(name);
  }
  EXPECT_GE(held(shelf, 100, 150), 45U);
}

}  // namespace
}  // namespace refrain::policy
