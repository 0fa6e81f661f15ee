#include "cache/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gate_embedder.h"
#include "tests/support/manual_clock.h"

namespace refrain::cache {
namespace {

using testing::Contains;
using testing::Field;

// What holds a tilde that the other text has not is not seen.
class BlindEmbedder final : public embed::Embedder {
 public:
  base::Result<embed::Matrix> embed(const base::Call&, std::span<const std::string_view>) override {
    return base::fail(base::Code::unsupported, "not asked for");
  }
  std::string overlooked(std::string_view a, std::string_view b) const override {
    return a.contains('~') != b.contains('~') ? "~" : "";
  }
  embed::Info info() const override { return {"blind", "1", 2, 0}; }
  embed::Stats stats() const override { return {}; }
};

struct DecisionTest : testing::Test {
  DecisionTest() : trust(trust::Trust::open({}, clock)) {
    query.rule = {policy::Mode::verified, policy::kWeighedFloor};
    query.route = {"openai.chat", "t", "m"};
  }
  void stored(float cosine, const std::string& question, const std::string& answer) {
    near.push_back({near.size() + 1, cosine, 0, trust::read_text(question, answer)});
  }
  Verdict decided(const std::string& asked) {
    query.text = asked;
    return decide(*trust, embedder, query, near);
  }
  static const policy::Reason* reason(const Look& look, std::string_view gate) {
    const auto found = std::ranges::find(look.reasons, gate, &policy::Reason::gate);
    return found == look.reasons.end() ? nullptr : &*found;
  }
  test::ManualClock clock;
  BlindEmbedder embedder;
  std::unique_ptr<trust::Trust> trust;
  Query query;
  std::vector<Near> near;
};

TEST_F(DecisionTest, ARewordingIsServedAndTheVerifierSaysHowSureItIs) {
  stored(0.95F, "How do I reset my password?", "Use the link below the form.");
  const Verdict verdict = decided("How can I reset my password?");
  EXPECT_EQ(verdict.accepted, 0U);
  ASSERT_TRUE(verdict.judgement);
  EXPECT_LE(verdict.judgement->allowance.bound, verdict.judgement->allowance.limit);
  ASSERT_TRUE(reason(verdict.looks[0], "verifier"));
  EXPECT_FALSE(verdict.lesson);
}

TEST_F(DecisionTest, AnotherNumberIsRefusedInWordsAndCounted) {
  stored(0.99F, "Who won in 2023?", "Someone.");
  const Verdict verdict = decided("Who won in 2024?");
  EXPECT_FALSE(verdict.accepted);
  EXPECT_TRUE(reason(verdict.looks[0], "numbers")->refused);
  EXPECT_EQ(trust->stats().refused[1], 1U);
  EXPECT_FALSE(verdict.lesson);  // no candidate was left to learn of
}

TEST_F(DecisionTest, TheSameTextButForCaseAndFullStopNeedsNoVerifier) {
  stored(0.999F, "What is a cache", "A store.");
  const Verdict verdict = decided("what is a CACHE?");
  EXPECT_EQ(verdict.accepted, 0U);
  EXPECT_FALSE(verdict.judgement);
  EXPECT_TRUE(reason(verdict.looks[0], "identical"));
}

TEST_F(DecisionTest, WhatTheEmbedderCannotSeeRefusesAndTheNextLikeliestHasItsTurn) {
  stored(0.99F, "apples ~ are here", "Yes.");
  stored(0.95F, "apples are here today or so", "No.");
  stored(0.94F, "the apples are here", "No.");
  const Verdict verdict = decided("apples are here");
  EXPECT_EQ(verdict.accepted, 2U);
  EXPECT_TRUE(reason(verdict.looks[0], "unseen")->refused);
}

TEST_F(DecisionTest, ADoubtfulCandidateIsALessonForItsFreshAnswer) {
  stored(0.75F, "my new card is on its way", "Wait for it.");
  const Verdict verdict = decided("where would my new bank card be by now");
  EXPECT_FALSE(verdict.accepted);
  ASSERT_TRUE(verdict.lesson);
  EXPECT_FALSE(verdict.lesson->judged.allowance.explore);
  EXPECT_TRUE(reason(verdict.looks[0], "verifier")->refused);
}

TEST_F(DecisionTest, WhatOnlyTheVerifierVouchesForIsGeneratedAtFirst) {
  query.explore = trust::Explore::allowed;
  query.rule.alone_floor = 0.99F;   // nothing is trusted by its cosine
  query.route.alone_floor = 0.5;    // and the verifier is sure of everything
  stored(0.95F, "How do I reset my password?", "Use the link below the form.");
  int explored = 0;
  for (int i = 0; i < 20; ++i) {
    const Verdict verdict = decided("How can I reset my password?");
    if (verdict.accepted) continue;
    ASSERT_TRUE(verdict.lesson->judged.allowance.explore);
    ++explored;
  }
  EXPECT_GT(explored, 10);
}

TEST_F(DecisionTest, AQuestionAboutTheCacheCountsForNothing) {
  query.traffic = Traffic::probe;
  stored(0.95F, "How do I reset my password?", "Use the link below the form.");
  EXPECT_TRUE(decided("How can I reset my password?").accepted);
  EXPECT_EQ(trust->stats().routes[0].hits, 0U);
}

TEST_F(DecisionTest, AGateThatIsOffSpeaksAndDoesNotRefuse) {
  trust::Trust::Options options;
  options.gates.turn_off(*policy::Switches::index_of("numbers"));
  trust = trust::Trust::open(std::move(options), clock);
  stored(0.99F, "Who won the cup in the end of 2023?", "Someone.");
  const Verdict verdict = decided("Who won the cup in the end of 2024?");
  ASSERT_TRUE(reason(verdict.looks[0], "numbers"));
  EXPECT_FALSE(reason(verdict.looks[0], "numbers")->refused);
}

TEST_F(DecisionTest, TenNeighboursAreWeighedAndFiveAreShown) {
  for (int i = 0; i < 10; ++i) {
    stored(0.8F - 0.01F * static_cast<float>(i), "my card " + std::string(1, "abcdefghij"[i]),
           "An answer.");
  }
  const Verdict verdict = decided("where would my new bank card be by now");
  EXPECT_EQ(verdict.looks.size(), kLooksMax);
}

}  // namespace
}  // namespace refrain::cache
