#include "answers/rerank.h"

#include <gtest/gtest.h>

namespace refrain::answers {
namespace {

TEST(Rerank, TheVerifierPutsARefusedTextLastWhateverItsCosine) {
  VerifierReranker verifier;
  const std::vector<Candidate> candidates = {{"How do I turn the light off?", 0.99F},
                                             {"How can I turn the light on?", 0.95F},
                                             {"how do i turn the light on", 0.94F}};
  const std::vector<double> scores = *verifier.score({}, "How do I turn the light on?", candidates);
  EXPECT_EQ(scores[0], 0);
  EXPECT_GT(scores[1], 0.5);
  EXPECT_EQ(scores[2], 1);
}

TEST(Rerank, WhatTheEmbedderOverlookedIsRefused) {
  const Candidate candidate{"a b", 0.99F, "b"};
  EXPECT_EQ(VerifierReranker().score({}, "a c", std::span(&candidate, 1))->at(0), 0);
}

}  // namespace
}  // namespace refrain::answers
