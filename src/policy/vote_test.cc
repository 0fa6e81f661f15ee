#include "policy/vote.h"

#include <gtest/gtest.h>

#include <array>

namespace refrain::policy {
namespace {

TEST(Vote, NeighboursThatAgreeSupportAndTheNearestOtherLimits) {
  const std::array cosines = {0.9, 0.8, 0.7};
  const Vote found = vote(0, cosines, std::array{1.0, 1.0, 0.0});
  EXPECT_TRUE(found.rival);
  EXPECT_NEAR(found.margin, 0.2, 1e-9);
  EXPECT_NEAR(found.second, 0.8, 1e-9);
  EXPECT_NEAR(found.agreeing, 1, 1e-9);
  EXPECT_GT(found.share, 0.8);  // the nearer one counts more
}

TEST(Vote, WithoutARivalTheMarginIsToTheFurthest) {
  std::array<double, kNeighboursMax> cosines{};
  std::array<double, kNeighboursMax> agree{};
  cosines.fill(0.8);
  cosines[0] = 0.9;
  agree.fill(1);
  EXPECT_FALSE(vote(0, cosines, agree).rival);
  EXPECT_NEAR(vote(0, cosines, agree).margin, 0.1, 1e-9);
}

TEST(Vote, WhereNothingElseIsNearTheMarginIsWide) {
  EXPECT_GT(vote(0, std::array{0.9}, std::array{1.0}).margin, 0.2);
}

TEST(Vote, WhatIsNotKnownCountsForNeitherSide) {
  const Vote found = vote(0, std::array{0.9, 0.89}, std::array{1.0, -1.0});
  EXPECT_FALSE(found.rival);
  EXPECT_DOUBLE_EQ(found.share, 0);
}

TEST(Vote, ACandidateNearerToAnotherAnswerHasANegativeMargin) {
  EXPECT_LT(vote(1, std::array{0.9, 0.8}, std::array{0.0, 1.0}).margin, 0);
}

TEST(Vote, OfNobodyIsNothing) { EXPECT_DOUBLE_EQ(vote(0, {}, {}).share, 0); }

}  // namespace
}  // namespace refrain::policy
