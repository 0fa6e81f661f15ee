#include "policy/bare_rule.h"

#include <gtest/gtest.h>

#include <set>

namespace refrain::policy {
namespace {

TEST(BareRule, ShortAndLongQuestionsHaveThresholdsOfTheirOwn) {
  const BareRule rule{.short_threshold = 0.9, .long_threshold = 0.7};
  EXPECT_TRUE(accepts(rule, 0.8F, 257));
  EXPECT_FALSE(accepts(rule, 0.8F, 256));
  EXPECT_FALSE(accepts(rule, 0.69F, 300));
}

TEST(BareRule, BothScalesAtCosineNinetyDecideAlike) {
  const BareRule cosine{};
  const BareRule l2{.scale = Scale::l2};
  for (float value : {1.0F, 0.9F, 0.90001F, 0.89999F, 0.55F, 0.0F, -1.0F}) {
    EXPECT_EQ(accepts(cosine, value, 1), accepts(l2, value, 1)) << value;
    EXPECT_EQ(accepts(cosine, value, 1), value >= 0.9F) << value;
  }
}

TEST(BareRule, AnExactRepeatHasTheBestScoreOnBothScales) {
  EXPECT_DOUBLE_EQ(score(Scale::cosine, 1), 1);
  EXPECT_DOUBLE_EQ(score(Scale::l2, 1), 4);
  EXPECT_NEAR(score(Scale::l2, 0.9F), 3.8, 1e-6);
  EXPECT_DOUBLE_EQ(score(Scale::l2, -1), 0);
}

TEST(BareRule, ThresholdsOutsideOfNoughtAndOneAreRefused) {
  EXPECT_TRUE(BareRule{}.check());
  EXPECT_FALSE(BareRule{.short_threshold = 1.01}.check());
  EXPECT_FALSE(BareRule{.long_threshold = -0.1}.check());
}

TEST(BareRule, CharactersAreCodePoints) { EXPECT_EQ(characters("a\xc3\xa9\xe4\xbd\xa0"), 3U); }

TEST(Choice, FirstIsStableAndAllIsInOrder) {
  EXPECT_EQ(choose(Choice::first, 3, 2), (std::vector<std::size_t>{0}));
  EXPECT_EQ(choose(Choice::all, 3, 2), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(choose(Choice::random, 0, 2).empty());
}

TEST(Choice, RandomReachesEveryCandidate) {
  std::set<std::size_t> seen;
  for (std::uint64_t random = 0; random < 50; ++random) {
    seen.insert(choose(Choice::random, 2, random).at(0));
  }
  EXPECT_EQ(seen.size(), 2U);
}

}  // namespace
}  // namespace refrain::policy
