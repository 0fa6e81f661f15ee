#include "policy/profile.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

TEST(Profile, HoldsWhatEveryGateAsksFor) {
  const Profile made = profile("Why was Oslo not safe in 2020?");
  EXPECT_EQ(made.values, (std::vector<std::string>{"2020"}));
  EXPECT_EQ(made.named.items.size(), 1U);
  EXPECT_EQ(made.poles.negations, 1U);
  EXPECT_EQ(made.asks, Asked::why);
  EXPECT_TRUE(made.when.past);
  EXPECT_FALSE(made.words.terms.empty());
}

TEST(Profile, OfNothingIsEmpty) { EXPECT_TRUE(profile("").words.terms.empty()); }

}  // namespace
}  // namespace refrain::policy
