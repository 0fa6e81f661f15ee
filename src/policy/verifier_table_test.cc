#include "policy/verifier_table.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

TEST(VerifierTable, NoWeightHasTheWrongSign) {
  for (std::size_t at = 0; at < kFeatures; ++at) {
    EXPECT_GE(feature_signs()[at] * verifier_prior().mean[at], 0) << feature_name(at);
  }
}

TEST(VerifierTable, TheCovarianceIsSymmetricAndPositiveOnItsDiagonal) {
  const Square& covariance = verifier_prior().covariance;
  for (std::size_t row = 0; row < kFeatures; ++row) {
    EXPECT_GT(covariance[row * kFeatures + row], 0);
    for (std::size_t col = 0; col < row; ++col) {
      EXPECT_NEAR(covariance[row * kFeatures + col], covariance[col * kFeatures + row], 1e-2);
    }
  }
}

TEST(VerifierTable, MoreCosineAndMoreVotesAreLikelierRight) {
  PairEvidence pair;
  Vote votes;
  votes.agreeing = 5;
  votes.share = 0.5;
  pair.cosine = 0.7;
  const double less = log_odds(verifier_prior().mean, features(pair, votes));
  pair.cosine = 0.95;
  votes.share = 1;
  EXPECT_GT(log_odds(verifier_prior().mean, features(pair, votes)), less);
}

}  // namespace
}  // namespace refrain::policy
