#include "policy/gates_modality.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

std::string apart(std::string_view a, std::string_view b, bool same_words = false) {
  return compare(modality(read(a)), modality(read(b)), same_words);
}

TEST(Modality, AmountsDecideWhereverTheyStand) {
  EXPECT_EQ(apart("all birds can fly", "some birds can fly"), "all against some");
  EXPECT_EQ(apart("I need at least 20 chairs", "I need at most 20 chairs"),
            "at least against at most");
  EXPECT_EQ(apart("flights under 300 dollars", "flights over 300 dollars"),
            "less than against more than");
}

TEST(Modality, SomeIsNoAmountInAnOpenQuestion) {
  EXPECT_EQ(apart("what are some tips", "what are good tips"), "");
}

TEST(Modality, HowDoIAndHowCanIAreTheSame) {
  EXPECT_EQ(apart("how do I pay", "how can I pay", true), "");
  EXPECT_EQ(apart("how should I write it", "how can I write it", true), "");
}

TEST(Modality, AModalThatIsTheQuestionDecides) {
  EXPECT_EQ(apart("can I park here", "must I park here"), "can against must");
}

TEST(Modality, AModalDecidesAStatementOfTheSameWords) {
  EXPECT_EQ(apart("employees may leave", "employees must leave", true), "can against must");
  EXPECT_EQ(apart("employees may leave", "guests must stay", false), "");
}

TEST(Modality, EachDayIsHowOftenAndOverTheHillIsNoAmount) {
  EXPECT_EQ(apart("water each day", "water per day"), "");
  EXPECT_EQ(apart("over the hill", "behind the hill"), "");
}

}  // namespace
}  // namespace refrain::policy
