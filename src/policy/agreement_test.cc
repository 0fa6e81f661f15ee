#include "policy/agreement.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

double agree(std::string_view a, std::string_view b) {
  return agreement(statement(a), statement(b));
}

TEST(Agreement, EqualTextsAgree) { EXPECT_DOUBLE_EQ(agree("Oslo.", "oslo"), 1); }

TEST(Agreement, AnEmptyAnswerCannotBeTold) {
  EXPECT_LT(agree("", "Oslo"), 0);
  EXPECT_LT(agree("...", ""), 0);
}

TEST(Agreement, AnswersWordedAnewAgree) {
  EXPECT_GT(
      agree("You can raise the limit in the Cards tab. It takes 3 days and costs 2 euros.",
            "Open the Cards tab, then raise the limit. After three days it is done, for 2 euros."),
      0.5);
}

TEST(Agreement, OtherNumbersNeverAgree) {
  EXPECT_LT(agree("You can raise the limit in the Cards tab. It takes 3 days.",
                  "You can raise the limit in the Cards tab. It takes 5 days."),
            0.5);
}

TEST(Agreement, YesAndNoDiffer) {
  EXPECT_LT(agree("Yes, you can park here.", "No, you cannot park here."), 0.5);
}

TEST(Agreement, AnswersAboutOtherThingsDiffer) {
  EXPECT_LT(agree("The capital of Norway is Oslo.", "Bread is baked at a high temperature."), 0.1);
}

TEST(Agreement, IsTheSameBothWays) {
  const Statement a = statement("Please upload a photo in your Profile. Expect 24 hours.");
  const Statement b = statement("In your Profile you can upload a photo; that takes 2 hours.");
  EXPECT_DOUBLE_EQ(agreement(a, b), agreement(b, a));
}

TEST(Agreement, OfALongAnswerTheBeginningIsRead) {
  const std::string text(kStatedMax, 'a');
  EXPECT_DOUBLE_EQ(agree(text + " one", text + " two"), 1);
}

}  // namespace
}  // namespace refrain::policy
