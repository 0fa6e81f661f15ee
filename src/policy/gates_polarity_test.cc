#include "policy/gates_polarity.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

bool agree(std::string_view a, std::string_view b) {
  return compare(polarity(read(a)), polarity(read(b))).agree();
}

TEST(Polarity, OneNegationMakesGoodForOneOpposite) {
  EXPECT_TRUE(agree("not happy", "unhappy"));
  EXPECT_TRUE(agree("do not enable it", "disable it"));
  EXPECT_FALSE(agree("not unhappy", "unhappy"));
  EXPECT_FALSE(agree("happy", "unhappy"));
}

TEST(Polarity, TwoOppositesAreNoAgreement) {
  EXPECT_FALSE(agree("increase the minimum", "decrease the maximum"));
}

TEST(Polarity, TextWithBothSidesSaysNothing) {
  EXPECT_TRUE(agree("before or after lunch", "after lunch"));
}

TEST(Polarity, NegationsAreCounted) {
  EXPECT_EQ(polarity(read("I don't never cannot")).negations, 3U);
  EXPECT_EQ(polarity(read("not only this, or not, no matter")).negations, 0U);
  EXPECT_EQ(polarity(read("no tengo nada nunca")).negations, 1U);
  EXPECT_EQ(polarity(read("\u662f\u4e0d\u662f \u4e0d\u540c \u4e0d\u884c")).negations, 1U);
}

TEST(Polarity, SwitchingOffIsDisablingAndOnElsewhereIsNothing) {
  EXPECT_TRUE(agree("turn the light off", "disable the light"));
  EXPECT_TRUE(agree("a book on cats", "a book about cats"));
  EXPECT_FALSE(agree("turn off alerts on my phone", "turn on alerts on my phone"));
}

}  // namespace
}  // namespace refrain::policy
