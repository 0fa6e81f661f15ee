#include "serve/flights.h"

#include <gtest/gtest.h>

namespace refrain::serve {
namespace {

constexpr std::size_t kBytes = 1 << 20;

TEST(Flights, EqualRequestsShareOneFlight) {
  Flights flights;
  Flights::Joined first = flights.join({1, 2}, "question", kBytes);
  Flights::Joined second = flights.join({1, 2}, "question", kBytes);
  EXPECT_TRUE(first.opened);
  EXPECT_FALSE(second.opened);
  EXPECT_EQ(first.flight, second.flight);
}

TEST(Flights, AnEqualDigestWithOtherBytesIsNotJoined) {
  Flights flights;
  Flights::Joined first = flights.join({1, 2}, "question", kBytes);
  Flights::Joined second = flights.join({1, 2}, "another", kBytes);
  EXPECT_TRUE(second.opened);
  EXPECT_NE(first.flight, second.flight);
}

TEST(Flights, AFlightThatEverybodyLeftIsNotJoined) {
  Flights flights;
  Flights::Joined first = flights.join({1, 2}, "question", kBytes);
  first.flight->leave();
  Flights::Joined second = flights.join({1, 2}, "question", kBytes);
  EXPECT_TRUE(second.opened);
  EXPECT_TRUE(first.flight->stop_token().stop_requested());
}

TEST(Flights, RemovingAnOldFlightLeavesTheNewOne) {
  Flights flights;
  Flights::Joined first = flights.join({1, 2}, "question", kBytes);
  first.flight->leave();
  Flights::Joined second = flights.join({1, 2}, "question", kBytes);
  flights.remove({1, 2}, first.flight.get());
  EXPECT_EQ(flights.size(), 1U);
  flights.remove({1, 2}, second.flight.get());
  EXPECT_EQ(flights.size(), 0U);
}

}  // namespace
}  // namespace refrain::serve
