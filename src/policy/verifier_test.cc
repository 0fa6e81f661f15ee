#include "policy/verifier.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace refrain::policy {
namespace {

TEST(Verifier, OneOfTheTwoBlocksIsEmpty) {
  Vote votes;
  const Features alone = features({}, votes);
  votes.agreeing = 2;
  const Features supported = features({}, votes);
  EXPECT_DOUBLE_EQ(alone[0], 1);
  EXPECT_TRUE(std::all_of(alone.begin() + kAlone, alone.end(), [](double v) { return v == 0; }));
  EXPECT_DOUBLE_EQ(supported[kAlone], 1);
  EXPECT_TRUE(
      std::all_of(supported.begin(), supported.begin() + kAlone, [](double v) { return v == 0; }));
}

TEST(Verifier, EveryFeatureHasANameAndASign) {
  for (std::size_t at = 0; at < kFeatures; ++at) {
    EXPECT_FALSE(feature_name(at).empty());
  }
  EXPECT_EQ(feature_name(kFeatures), "");
  EXPECT_DOUBLE_EQ(feature_signs()[1], 1);
}

TEST(Verifier, TheLogisticDoesNotOverflow) {
  EXPECT_DOUBLE_EQ(logistic(0), 0.5);
  EXPECT_DOUBLE_EQ(logistic(1e6), 1);
  EXPECT_DOUBLE_EQ(logistic(-1e6), 0);
}

TEST(Verifier, ACosineOfOneIsFinite) {
  PairEvidence pair;
  pair.cosine = 1.0001;
  EXPECT_LT(features(pair, {})[2], 10);
}

}  // namespace
}  // namespace refrain::policy
