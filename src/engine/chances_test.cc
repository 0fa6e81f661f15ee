#include "engine/chances.h"

#include <cmath>

#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

TEST(Chances, ProbabilitiesAddUpToOne) {
  const std::vector<float> logits{1, 3, 2, -5};
  const Chances chances = chances_of(logits, 2, 4);
  double sum = 0;
  for (const auto& choice : chances.top) sum += std::exp(choice.logprob);
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_EQ(chances.chosen.token, 2);
  EXPECT_EQ(chances.chosen.logprob, chances.top[1].logprob);
}

TEST(Chances, TheLikeliestComeFirstAndEqualOnesByNumber) {
  const std::vector<float> logits{2, 5, 5, 1};
  const Chances chances = chances_of(logits, 0, 3);
  ASSERT_EQ(chances.top.size(), 3U);
  EXPECT_EQ(chances.top[0].token, 1);
  EXPECT_EQ(chances.top[1].token, 2);
  EXPECT_EQ(chances.top[2].token, 0);
}

TEST(Chances, LargeLogitsDoNotOverflow) {
  const std::vector<float> logits{10000, 9999};
  EXPECT_NEAR(chances_of(logits, 0, 0).chosen.logprob, -0.3133, 1e-4);
}

TEST(Chances, TheChatShapeHasBytesAndAlternatives) {
  const std::vector<ShownChances> tokens{{{"\xC3", -0.5}, {{"a", -0.25}}, 0}};
  EXPECT_EQ(json::write(chat_logprobs(tokens)),
            "{\"content\":[{\"token\":\"\xEF\xBF\xBD\",\"logprob\":-0.5,\"bytes\":[195],"
            "\"top_logprobs\":[{\"token\":\"a\",\"logprob\":-0.25,\"bytes\":[97]}]}],"
            "\"refusal\":null}");
}

TEST(Chances, TheCompletionShapeHasOffsets) {
  const std::vector<ShownChances> tokens{{{"ab", -0.5}, {{"ab", -0.5}}, 7}};
  EXPECT_EQ(json::write(completion_logprobs(tokens)),
            R"({"tokens":["ab"],"token_logprobs":[-0.5],"top_logprobs":[{"ab":-0.5}],)"
            R"("text_offset":[7]})");
}

}  // namespace
}  // namespace refrain::engine
