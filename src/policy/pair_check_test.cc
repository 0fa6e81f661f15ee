#include "policy/pair_check.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

TEST(PairCheck, ANearRewordingIsServed) {
  const PairCheck found =
      check_pair("How do I reset my password?", "How can I reset my password?", 0.98, "");
  EXPECT_TRUE(found.serve);
  EXPECT_EQ(found.reasons.back().gate, "verifier");
}

TEST(PairCheck, AGateRefusesHoweverNearTheTextsAre) {
  EXPECT_FALSE(check_pair("Is it safe?", "Is it not safe?", 0.999, "").serve);
}

TEST(PairCheck, FarTextsAreRefusedByTheVerifier) {
  const PairCheck found = check_pair("How do I reset my password?",
                                     "What can somebody do whose password is forgotten?", 0.5, "");
  EXPECT_FALSE(found.serve);
}

TEST(PairCheck, IdenticalTextsNeedNoVerifierUnlessTheyAreUnseen) {
  EXPECT_TRUE(check_pair("Hello there", "hello there!", 1, "").identical);
  EXPECT_FALSE(check_pair("Hello there", "hello there!", 1, "x").serve);
}

TEST(PairCheck, DecidesTheSameBothWays) {
  const char* texts[] = {"trains to Lyon", "overnight trains to Lyon", "Lyon trains", "buses", ""};
  for (const char* a : texts) {
    for (const char* b : texts) {
      EXPECT_EQ(check_pair(a, b, 0.93, "").serve, check_pair(b, a, 0.93, "").serve) << a << b;
    }
  }
}

}  // namespace
}  // namespace refrain::policy
