#include "policy/evidence.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

PairEvidence between(std::string_view a, std::string_view b) {
  return pair_evidence(profile(a), profile(b), 0.9);
}

TEST(Evidence, EachGateSaysWhatDiffers) {
  EXPECT_TRUE(between("won in 2023", "won in 2024").numbers);
  EXPECT_TRUE(between("how big is Oslo", "how big is Rome").names);
  EXPECT_TRUE(between("is it safe", "is it not safe").polarity);
  EXPECT_TRUE(between("who built it", "when was it built").question);
  EXPECT_TRUE(between("convert euros to dollars", "convert dollars to euros").direction);
  EXPECT_TRUE(between("rain today", "rain tomorrow").time);
  EXPECT_TRUE(between("all birds fly", "some birds fly").modality);
  EXPECT_TRUE(between("clean a carpet", "clean a keyboard").substitution);
}

TEST(Evidence, ANegatedOppositeIsNoSubstitution) {
  const PairEvidence found = between("why am I unhappy", "why am I not happy");
  EXPECT_FALSE(found.substitution);
  EXPECT_FALSE(found.polarity);
}

TEST(Evidence, AScriptWithoutSpacesNeedsTheSameOrder) {
  EXPECT_TRUE(between("\u5f20\u4e09\u6253\u674e\u56db", "\u674e\u56db\u6253\u5f20\u4e09").strict);
  EXPECT_FALSE(
      between("\u600e\u4e48\u91cd\u7f6e\u5bc6\u7801", "\u5982\u4f55\u91cd\u7f6e\u5bc6\u7801")
          .strict);
}

TEST(Evidence, IsTheSameBothWays) {
  const PairEvidence one = between("Which side of a coin is the left one?", "is the right one big");
  const PairEvidence other =
      between("is the right one big", "Which side of a coin is the left one?");
  EXPECT_DOUBLE_EQ(one.words.shared, other.words.shared);
  EXPECT_EQ(one.polarity, other.polarity);
}

TEST(Evidence, ATextThreeTimesAsLongAsksSomethingElseAsWell) {
  const Profile asked = profile("how do i reset my password");
  const Profile longer = profile(std::string(100, 'x') + " how do i reset my password");
  EXPECT_TRUE(pair_evidence(asked, longer, 0.9).length);
  EXPECT_FALSE(pair_evidence(asked, longer, 0.9).passes());
  EXPECT_FALSE(pair_evidence(asked, profile("reset it"), 0.9).length);
}

}  // namespace
}  // namespace refrain::policy
