#include "policy/weigh.h"

#include <gtest/gtest.h>

#include <array>

namespace refrain::policy {
namespace {

constexpr Features kByCosine = [] {
  Features made{};
  made[1] = made[kAlone + 1] = 1;
  return made;
}();

TEST(Weigh, TheNearestThatNoGateRefusesIsTheBest) {
  const Profile query = profile("won in 2023");
  const Profile other_year = profile("won in 2024");
  const Profile same_year = profile("who won it in 2023");
  const std::array<Neighbour, 2> near = {Neighbour{0.97, &other_year}, {0.9, &same_year}};
  const Weighing found = weigh(query, near, std::array{1.0, 0.0, 0.0, 1.0}, kByCosine);
  ASSERT_TRUE(found.best);
  EXPECT_EQ(*found.best, 1U);
  EXPECT_TRUE(found.all[0].refused);
  EXPECT_FALSE(found.all[1].votes.rival);  // the answer about another year has no vote
}

TEST(Weigh, WhatIsSoftWithSupportIsHardAlone) {
  const Profile query = profile("my card has not come");
  const Profile stored = profile("my card has come");
  const Profile another = profile("where does my card stay so long");
  const std::array<Neighbour, 2> near = {Neighbour{0.95, &stored}, {0.8, &another}};
  EXPECT_TRUE(weigh(query, near, std::array{1.0, 0.0, 0.0, 1.0}, kByCosine).all[0].refused);
  EXPECT_FALSE(weigh(query, near, std::array{1.0, 1.0, 1.0, 1.0}, kByCosine).all[0].refused);
}

TEST(Weigh, SupportNeverHurtsWhatWouldBeServedAlone) {
  const Profile query = profile("how do i reset my password");
  const Profile one = profile("how can i reset my password");
  const Profile other = profile("password reset help");
  const std::array<Neighbour, 2> near = {Neighbour{0.95, &one}, {0.8, &other}};
  Features trusting{};
  trusting[1] = 9;  // of the block for those that stand alone
  const Weighing agreed = weigh(query, near, std::array{1.0, 1.0, 1.0, 1.0}, trusting);
  const Weighing alone = weigh(query, near, std::array{1.0, 0.0, 0.0, 1.0}, trusting);
  EXPECT_GE(agreed.all[0].odds, alone.all[0].odds);
}

TEST(Weigh, OnlyPairsThatHaveAVoteAreComparedAndOnce) {
  const Profile query = profile("won in 2023");
  const Profile other_year = profile("won in 2024");
  const Profile same_year = profile("who won it in 2023");
  const Profile same_too = profile("tell me who won it in 2023");
  const std::array<Neighbour, 3> near = {
      Neighbour{0.97, &other_year}, {0.9, &same_year}, {0.8, &same_too}};
  int asked = 0;
  const auto count = [&](std::size_t, std::size_t) {
    ++asked;
    return 1.0;
  };
  weigh(query, near, count, kByCosine, {});
  EXPECT_EQ(asked, 1);
}

TEST(Weigh, WhatOnlyVotesIsNoCandidate) {
  const Profile text = profile("the same text");
  const std::array<Neighbour, 1> near = {Neighbour{0.6, &text, false, true}};
  EXPECT_FALSE(weigh(text, near, std::array{1.0}, kByCosine).best);
}

TEST(Weigh, WhatTheEmbedderCannotHaveSeenRefuses) {
  const Profile text = profile("the same text");
  const std::array<Neighbour, 1> near = {Neighbour{1.0, &text, true}};
  EXPECT_FALSE(weigh(text, near, std::array{1.0}, kByCosine).best);
}

TEST(Weigh, NoNeighbourNoCandidate) { EXPECT_FALSE(weigh(profile("x"), {}, {}, kByCosine).best); }

}  // namespace
}  // namespace refrain::policy
