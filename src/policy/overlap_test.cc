#include "policy/overlap.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

Overlap of(std::string_view a, std::string_view b) { return overlap(said(read(a)), said(read(b))); }

TEST(Overlap, EqualTextsShareEverything) {
  const Overlap found = of("the river is long", "the river is long");
  EXPECT_DOUBLE_EQ(found.shared, 1);
  EXPECT_DOUBLE_EQ(found.order, 1);
  EXPECT_DOUBLE_EQ(found.frame, 1);
  EXPECT_FALSE(minimal_pair(found));
}

TEST(Overlap, OneExchangedTellingWordIsAMinimalPair) {
  EXPECT_TRUE(minimal_pair(of("how do I clean a carpet", "how do I clean a keyboard")));
  EXPECT_TRUE(minimal_pair(of("trains to Lyon", "overnight trains to Lyon")));
}

TEST(Overlap, AWordOfTheSameMeaningIsNoExchange) {
  EXPECT_FALSE(minimal_pair(of("where can I buy stamps", "where can I purchase stamps")));
  EXPECT_FALSE(minimal_pair(of("using wi-fi", "using wifi")));
}

TEST(Overlap, ARewordingIsNoMinimalPair) {
  EXPECT_FALSE(
      minimal_pair(of("what is the population of Norway", "how many people live in Norway")));
}

TEST(Overlap, AMovedWordIsNeitherExchangedNorAdded) {
  const Overlap found = of("in Lisbon, where is the museum", "where is the museum in Lisbon");
  EXPECT_DOUBLE_EQ(found.substituted, 0);
  EXPECT_DOUBLE_EQ(found.added, 0);
  EXPECT_LT(found.order, 1);
}

TEST(Overlap, NumbersAreLeftToTheirGate) {
  EXPECT_FALSE(minimal_pair(of("what is 50% of 80", "what is fifty percent of 80")));
}

TEST(Overlap, IsTheSameBothWaysAndBounded) {
  std::string long_text;
  for (int i = 0; i < 500; ++i) {
    long_text += "word" + std::to_string(i) + " ";
  }
  const Overlap one = of(long_text, "some other words here");
  const Overlap other = of("some other words here", long_text);
  EXPECT_DOUBLE_EQ(one.shared, other.shared);
  EXPECT_DOUBLE_EQ(one.frame, other.frame);
  EXPECT_EQ(said(read(long_text)).terms.size(), kTermsMax);
}

TEST(Overlap, NothingSharesNothing) { EXPECT_DOUBLE_EQ(of("", "words").shared, 0); }

}  // namespace
}  // namespace refrain::policy
