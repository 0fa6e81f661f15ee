#include "chat/flight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::chat {
namespace {

constexpr std::size_t kBytesMax = 1 << 20;

std::shared_ptr<const Event> event(std::string content) {
  Event made;
  made.choices.push_back({.content = std::move(content)});
  return std::make_shared<const Event>(std::move(made));
}

End answered() { return {}; }

TEST(Flight, WhatTheLookUpCostStandsInTheHeadOfAMiss) {
  Flight flight(1000);
  flight.looked(50, 2);
  flight.begin({});
  auto head = flight.read(0).head;
  EXPECT_EQ(head->embed_ms, 50);
  EXPECT_EQ(head->search_ms, 2);
}

TEST(Flight, LateReaderGetsTheBeginningFirst) {
  Flight flight(kBytesMax);
  flight.begin({});
  flight.append(event("a"));
  flight.append(event("b"));
  Flight::Slice slice = flight.read(0);
  ASSERT_EQ(slice.events.size(), 2U);
  EXPECT_EQ(slice.events[0]->choices[0].content, "a");
  EXPECT_NE(slice.head, nullptr);
  EXPECT_EQ(slice.end, nullptr);
  EXPECT_EQ(flight.read(1).events.size(), 1U);
  EXPECT_TRUE(flight.read(7).events.empty());
}

TEST(Flight, ReaderIsWokenOncePerWatch) {
  Flight flight(kBytesMax);
  int woken = 0;
  flight.watch(0, true, [&] { ++woken; });
  EXPECT_EQ(woken, 0);
  flight.append(event("a"));
  flight.append(event("b"));
  flight.finish(answered());
  EXPECT_EQ(woken, 1);
}

TEST(Flight, WatchBehindTheLogWakesAtOnce) {
  Flight flight(kBytesMax);
  flight.append(event("a"));
  int woken = 0;
  flight.watch(0, true, [&] { ++woken; });
  EXPECT_EQ(woken, 1);
  flight.watch(1, true, [&] { ++woken; });
  EXPECT_EQ(woken, 1);
}

TEST(Flight, HeadWakesOnlyWhoHasNotSeenOne) {
  Flight flight(kBytesMax);
  int waiting = 0, knowing = 0;
  flight.watch(0, false, [&] { ++waiting; });
  flight.watch(0, true, [&] { ++knowing; });
  flight.begin({});
  EXPECT_EQ(waiting, 1);
  EXPECT_EQ(knowing, 0);
}

TEST(Flight, FirstHeadCounts) {
  Flight flight(kBytesMax);
  flight.begin({.tier = "exact"});
  flight.begin({.tier = "semantic"});
  EXPECT_EQ(flight.read(0).head->tier, "exact");
}

TEST(Flight, UnwatchedReaderIsNotWoken) {
  Flight flight(kBytesMax);
  int woken = 0;
  Flight::Subscription subscription = flight.watch(0, true, [&] { ++woken; });
  flight.unwatch(subscription);
  flight.finish(answered());
  EXPECT_EQ(woken, 0);
}

TEST(Flight, WakeMayWatchAgain) {
  Flight flight(kBytesMax);
  std::size_t cursor = 0;
  std::function<void()> wake = [&] {
    cursor += flight.read(cursor).events.size();
    if (flight.read(cursor).end == nullptr) flight.watch(cursor, true, wake);
  };
  flight.watch(0, true, wake);
  for (int i = 0; i < 5; ++i) flight.append(event("x"));
  flight.finish(answered());
  EXPECT_EQ(cursor, 5U);
}

TEST(Flight, NothingIsAppendedAfterTheEnd) {
  Flight flight(kBytesMax);
  flight.finish(answered());
  EXPECT_FALSE(flight.append(event("a")));
  EXPECT_TRUE(flight.read(0).events.empty());
}

TEST(Flight, FirstEndCounts) {
  Flight flight(kBytesMax);
  flight.finish({.kind = End::Kind::failed, .error = {base::Code::deadline, "late"}});
  flight.finish(answered());
  EXPECT_EQ(flight.read(0).end->error.code, base::Code::deadline);
}

TEST(Flight, LastReaderThatLeavesStopsTheProducer) {
  Flight flight(kBytesMax);
  flight.join();
  flight.join();
  flight.leave();
  EXPECT_FALSE(flight.stop_token().stop_requested());
  flight.leave();
  EXPECT_TRUE(flight.stop_token().stop_requested());
}

TEST(Flight, LeavingAfterTheEndStopsNothing) {
  Flight flight(kBytesMax);
  flight.join();
  flight.finish(answered());
  flight.leave();
  EXPECT_FALSE(flight.stop_token().stop_requested());
}

TEST(Flight, NobodyJoinsAnAbandonedFlight) {
  Flight flight(kBytesMax);
  EXPECT_TRUE(flight.try_join());
  flight.leave();
  EXPECT_FALSE(flight.try_join());
}

TEST(Flight, AnswerOverTheLimitEndsTheFlight) {
  Flight flight(10000);
  flight.begin({});
  int woken = 0;
  flight.watch(1, true, [&] { ++woken; });
  EXPECT_TRUE(flight.append(event("small")));
  EXPECT_FALSE(flight.append(event(std::string(10000, 'x'))));
  EXPECT_EQ(woken, 1);
  Flight::Slice slice = flight.read(0);
  EXPECT_EQ(slice.events.size(), 1U);
  ASSERT_NE(slice.end, nullptr);
  EXPECT_EQ(slice.end->error.code, base::Code::too_large);
  EXPECT_THAT(slice.end->error.what, testing::HasSubstr("10000 bytes"));
  EXPECT_EQ(flight.answer(), std::nullopt);
}

TEST(Flight, AnswerIsThereOnceAnswered) {
  Flight flight(kBytesMax);
  flight.begin({.origin = Origin::tgi, .delivery = Delivery::whole});
  flight.append(event("a"));
  EXPECT_FALSE(flight.answer());
  flight.finish(answered());
  ASSERT_TRUE(flight.answer());
  EXPECT_EQ(flight.answer()->origin, Origin::tgi);
  EXPECT_EQ(text(*flight.answer()), "a");
}

TEST(Flight, RefusedFlightHasNoAnswer) {
  Flight flight(kBytesMax);
  flight.begin({});
  flight.finish(
      {.kind = End::Kind::refused, .refusal = {.status = 429, .headers = {}, .body = ""}});
  EXPECT_FALSE(flight.answer());
}

}  // namespace
}  // namespace refrain::chat
