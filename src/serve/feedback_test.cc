#include "serve/feedback.h"

#include <gtest/gtest.h>

#include "tests/support/serve_probe.h"

namespace refrain::serve {
namespace {

using test::ServeProbe;
using trust::Verdict;

struct FeedbackTest : testing::Test {
  FeedbackTest() {
    for (auto& [dialect, route] : probe.options.routes) {
      route.rule = {policy::Mode::verified, policy::kWeighedFloor};
    }
    probe.embedder.set(kStored, 1.0F);
    probe.embedder.set(kAsked, 0.95F);
    probe.model.set([](const test::ScriptedProducer::Asked& asked, std::size_t) {
      test::ScriptedProducer::answer(*asked.flight, "By mail.");
    });
    tenant.id = "t";
    entries.emplace(*probe.cache, probe.serving());
    feedback.emplace(*probe.cache, *entries, probe.journal, probe.clock);
  }
  base::Result<Told> tell(const std::string& id, Verdict verdict, Others others = Others::keep) {
    return feedback->tell({}, tenant, {id, verdict, others});
  }
  // Asks twice: the second question is answered with the first one's answer.
  ServeProbe::Seen hit() {
    probe.see(kStored);
    return probe.see(kAsked);
  }
  static constexpr const char* kStored = "How do I reset my password?";
  static constexpr const char* kAsked = "How can I reset my password?";
  ServeProbe probe;
  key::Tenant tenant;
  std::optional<Entries> entries;
  std::optional<Feedback> feedback;
};

TEST_F(FeedbackTest, AWrongAnswerIsServedToNobodyAnyMoreAndTeachesItsRoute) {
  const ServeProbe::Seen seen = hit();
  ASSERT_EQ(seen.head.tier, "semantic");
  const base::Result<Told> told = tell(base::hex(seen.head.answer_id), Verdict::wrong);
  ASSERT_TRUE(told) << told.error().what;
  EXPECT_TRUE(told->changed);
  EXPECT_EQ(told->learnt, 1U);
  EXPECT_EQ(told->served.size(), 1U);
  EXPECT_EQ(probe.see(kStored).outcome, Outcome::miss);
  EXPECT_EQ(probe.cache->trust().stats().routes[0].labels, 1U);
}

TEST_F(FeedbackTest, VerdictsAreLabelsOfWhatTheJournalHolds) {
  const std::string id = base::hex(hit().head.answer_id);
  ASSERT_TRUE(tell(id, Verdict::wrong));
  const std::vector<Feedback::Labelled> labels = feedback->labels(tenant);
  ASSERT_EQ(labels.size(), 1U);
  EXPECT_EQ(labels[0].spoken.verdict, Verdict::wrong);
  EXPECT_TRUE(labels[0].decision.judgement);
  tenant.id = "u";
  EXPECT_TRUE(feedback->labels(tenant).empty());
}

TEST_F(FeedbackTest, TheSameReportAgainChangesNothing) {
  const std::string id = base::hex(hit().head.answer_id);
  ASSERT_TRUE(tell(id, Verdict::wrong));
  const base::Result<Told> again = tell(id, Verdict::wrong);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(again->learnt, 0U);
}

TEST_F(FeedbackTest, RightEndsTheQuarantine) {
  const std::string id = base::hex(hit().head.answer_id);
  ASSERT_TRUE(tell(id, Verdict::wrong));
  ASSERT_TRUE(tell(id, Verdict::right));
  EXPECT_EQ(probe.see(kStored).outcome, Outcome::hit);
}

TEST_F(FeedbackTest, ARequestIdNamesItsAnswerAndThatDecisionAlone) {
  const ServeProbe::Seen seen = hit();
  const base::Result<Told> told = tell(seen.id, Verdict::wrong);
  ASSERT_TRUE(told) << told.error().what;
  EXPECT_EQ(told->answer, seen.head.answer_id);
  EXPECT_EQ(told->served.size(), 1U);
}

TEST_F(FeedbackTest, AnotherTenantsAnswerIsNotFound) {
  const std::string id = base::hex(hit().head.answer_id);
  tenant.id = "u";
  EXPECT_EQ(tell(id, Verdict::wrong).error().code, base::Code::not_found);
  EXPECT_FALSE(tell("nothing", Verdict::wrong));
}

TEST_F(FeedbackTest, OtherEntriesWithTheSameAnswerAreListedAndForgottenOnDemand) {
  probe.embedder.set("A word of its own", 0.1F);
  probe.see("A word of its own");
  const std::string id = base::hex(hit().head.answer_id);
  const base::Result<Told> listed = tell(id, Verdict::wrong);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->same_answer.size(), 1U);
  EXPECT_EQ(listed->forgotten, 0U);
  const base::Result<Told> forgotten = tell(id, Verdict::wrong, Others::forget);
  ASSERT_TRUE(forgotten);
  EXPECT_EQ(forgotten->forgotten, 1U);
  EXPECT_EQ(probe.see("A word of its own").outcome, Outcome::miss);
}

}  // namespace
}  // namespace refrain::serve
