#include "serve/flying.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/serve_probe.h"

namespace refrain::serve {
namespace {

using namespace std::chrono_literals;
using test::ScriptedProducer;
using testing::Contains;
using testing::HasSubstr;
using Seen = test::ServeProbe::Seen;

// "a" is stored with its vector; "near" is at 0.95 of it, "far" at 0.5.
struct FlyingTest : testing::Test {
  void store_a() {
    for (auto [text, cosine] : {std::pair{"a", 1.0F}, {"near", 0.95F}, {"far", 0.5F}}) {
      probe.embedder.set(text, cosine);
    }
    chat::Flight flight(10000);
    ScriptedProducer::answer(flight, "of a");
    cache::Offer offer;
    offer.places = probe.ask_of("a").places;
    offer.text = "a";
    offer.answer = std::make_shared<const chat::Answer>(*flight.answer());
    offer.tags = {"first"};
    auto ids = probe.cache->insert({}, {offer});
    ASSERT_TRUE(ids);
    id = ids->front();
  }
  test::ServeProbe probe;
  key::EntryId id = 0;
};

TEST_F(FlyingTest, ANearQuestionIsASemanticHit) {
  store_a();
  Seen seen = probe.see("near");
  EXPECT_EQ(seen.outcome, Outcome::hit);
  EXPECT_EQ(seen.head.tier, "semantic");
  EXPECT_NEAR(seen.head.similarity, 0.95F, 1e-5F);
  EXPECT_EQ(seen.head.answer_id, id);
  EXPECT_EQ(seen.text, "of a");
  EXPECT_EQ(probe.model.count(), 0U);
}

TEST_F(FlyingTest, AHitIsNotStoredAgain) {
  store_a();
  probe.see("near");
  EXPECT_EQ(probe.serving().stats().stored, 0U);
  EXPECT_EQ(probe.cache->stats().store.records, 1U);
}

TEST_F(FlyingTest, AFarQuestionIsAMissThatExplainShowsTheCandidateOf) {
  store_a();
  Seen seen = probe.see("far");
  EXPECT_EQ(seen.outcome, Outcome::miss);
  Decision decision = probe.explained(seen.id);
  ASSERT_EQ(decision.candidates.size(), 1U);
  EXPECT_EQ(decision.candidates[0].id, id);
  EXPECT_FALSE(decision.candidates[0].accepted);
  EXPECT_THAT(decision.candidates[0].reasons, Contains(HasSubstr("refused")));
}

TEST_F(FlyingTest, ExactOnlyAsksNoEmbedder) {
  store_a();
  std::uint64_t before = probe.embedder.stats().calls;
  EXPECT_EQ(probe.see("near", {.store = false, .exact_only = true}).outcome, Outcome::miss);
  EXPECT_EQ(probe.embedder.stats().calls, before);
}

TEST_F(FlyingTest, WithTheModeOffNoMeaningIsLookedFor) {
  store_a();
  probe.options.routes[chat::Dialect::openai_chat].rule.mode = policy::Mode::off;
  EXPECT_EQ(probe.see("near").outcome, Outcome::miss);
}

TEST_F(FlyingTest, ASemanticCandidateOlderThanMaxAgeIsNotServed) {
  store_a();
  probe.clock.advance(11s);
  EXPECT_EQ(probe.see("near", {.store = false, .max_age = 10s}).outcome, Outcome::miss);
  EXPECT_EQ(probe.see("near", {.max_age = 11s}).outcome, Outcome::hit);
}

TEST_F(FlyingTest, AnEmbedderThatFailsIsAMissWithAReason) {
  store_a();
  Seen seen = probe.see("a text that the embedder does not know");
  EXPECT_EQ(seen.outcome, Outcome::miss);
  EXPECT_EQ(seen.text, "gen-1");
  EXPECT_THAT(probe.explained(seen.id).controls, Contains(HasSubstr("look-up failed")));
}

TEST_F(FlyingTest, ALookUpBeyondItsDeadlineCountsAsAMiss) {
  store_a();
  probe.options.lookup_deadline = 1ms;
  probe.embedder.close_gate();
  Seen seen = probe.see("near");
  EXPECT_EQ(seen.outcome, Outcome::miss);
  EXPECT_EQ(seen.text, "gen-1");
  EXPECT_EQ(probe.serving().stats().lookup_deadlines, 1U);
  EXPECT_THAT(probe.explained(seen.id).controls, Contains(HasSubstr("took too long")));
}

TEST_F(FlyingTest, ALookUpThatBeginsAfterItsDeadlineIsNotBegun) {
  store_a();
  std::uint64_t before = probe.embedder.stats().calls;
  probe.options.lookup_deadline = 0ms;
  EXPECT_EQ(probe.see("near", {.store = false}).outcome, Outcome::miss);
  EXPECT_EQ(probe.embedder.stats().calls, before);
}

TEST_F(FlyingTest, AFullWorkQueueFailsOpen) {
  store_a();
  probe.work.stop();  // refuses, as a full queue does
  Seen seen = probe.see("near");
  EXPECT_EQ(seen.outcome, Outcome::miss);
  EXPECT_EQ(seen.text, "gen-1");
}

TEST_F(FlyingTest, AFullLookUpQueueFailsOpen) {
  store_a();
  probe.lookup.stop();
  EXPECT_EQ(probe.see("near").text, "gen-1");
}

TEST_F(FlyingTest, TooManyFlightsAreRefusedAsBusy) {
  probe.options.flights_max = 1;
  probe.model.set(ScriptedProducer::hold);
  Ask held = probe.ask_of("a");
  Ticket first = probe.serving().ask(held);
  Seen second = probe.see("b");
  EXPECT_EQ(second.end.error.code, base::Code::busy);
  ScriptedProducer::answer(*probe.model.wait(1).flight, "x");
  probe.end_of(first);
  probe.explained(held.id);
  EXPECT_EQ(probe.serving().stats().failed, 1U);
  EXPECT_EQ(probe.serving().stats().in_flight, 0U);
}

TEST_F(FlyingTest, AnAnswerThatDidNotEndWellIsPassedOnAndNotKept) {
  probe.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    ScriptedProducer::answer(*asked.flight, "cut", "length");
  });
  Seen seen = probe.see("a");
  EXPECT_EQ(seen.text, "cut");
  EXPECT_EQ(probe.see("a").outcome, Outcome::miss);
  EXPECT_EQ(probe.serving().stats().not_stored, 2U);
  EXPECT_THAT(probe.explained(seen.id).controls, Contains("not stored: finish reason length"));
}

TEST_F(FlyingTest, ARefusalOfTheUpstreamIsPassedOnAndNotKept) {
  probe.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    asked.flight->finish({chat::End::Kind::refused, {429, {}, "slow down"}, {}});
  });
  EXPECT_EQ(probe.see("a").end.refusal.status, 429);
  EXPECT_EQ(probe.see("a").outcome, Outcome::miss);
  EXPECT_EQ(probe.serving().stats().refused, 2U);
}

TEST_F(FlyingTest, AnAnswerIsKeptUnderItsTagsTimeAndCost) {
  probe.model.set([&](const ScriptedProducer::Asked& asked, std::size_t) {
    probe.clock.advance(2s);
    ScriptedProducer::answer(*asked.flight, "x");
  });
  Seen seen = probe.see("a", {.ttl = 60s, .tags = {"red", "blue"}});
  probe.settle();
  store::Scan scan;
  scan.filter.tag = "blue";
  auto page = probe.store->scan({}, scan);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->records.size(), 1U);
  EXPECT_EQ(page->records[0].cost_microseconds, 2000000U);
  EXPECT_EQ(*page->records[0].expires - page->records[0].stored, 60s);
  EXPECT_EQ(page->records[0].model, "m");
}

TEST_F(FlyingTest, WhenEveryReaderLeavesTheModelIsStopped) {
  probe.model.set(ScriptedProducer::hold);
  Ticket ticket = probe.serving().ask(probe.ask_of("a"));
  ScriptedProducer::Asked asked = probe.model.wait(1);
  ticket.flight->leave();
  EXPECT_TRUE(asked.call.stop.stop_requested());
  asked.flight->finish({chat::End::Kind::failed, {}, {base::Code::cancelled, "stopped"}});
}

TEST_F(FlyingTest, WhoLeavesDuringTheLookUpStartsNoModel) {
  store_a();
  probe.embedder.close_gate();
  std::uint64_t before = probe.embedder.stats().calls;
  Ticket ticket = probe.serving().ask(probe.ask_of("far"));
  probe.embedder.wait_calls(before + 1);
  ticket.flight->leave();
  probe.embedder.open_gate();
  probe.wait_end(*ticket.flight);
  EXPECT_EQ(ticket.flight->read(0).end->error.code, base::Code::cancelled);
  EXPECT_EQ(probe.model.count(), 0U);
}

struct OverlapTest : FlyingTest {
  OverlapTest() {
    probe.options.overlap = true;
    probe.model.set(ScriptedProducer::hold);
  }
  // The ticket of `text` whose look-up waits in the embedder while the model is asked.
  Ticket ask(const std::string& text) {
    std::uint64_t before = probe.embedder.stats().calls;
    probe.embedder.close_gate();
    Ticket ticket = probe.serving().ask(probe.ask_of(text));
    probe.embedder.wait_calls(before + 1);
    asked = probe.model.wait(1);
    return ticket;
  }
  ScriptedProducer::Asked asked;
};

TEST_F(OverlapTest, TheModelIsAskedWhileTheEmbedderWorksAndItsEventsCountAfterAMiss) {
  store_a();
  Ticket ticket = ask("far");
  asked.flight->begin({});
  asked.flight->append(test::text_event("early "));
  EXPECT_TRUE(ticket.flight->read(0).events.empty()) << "nothing is decided yet";
  probe.embedder.open_gate();
  probe.settle();
  EXPECT_EQ(ticket.flight->read(0).events.size(), 1U);
  asked.flight->append(test::text_event("late", "stop"));
  asked.flight->finish({});
  EXPECT_EQ(probe.end_of(ticket).text, "early late");
  EXPECT_EQ(probe.model.count(), 1U);
}

TEST_F(OverlapTest, ASemanticHitCancelsTheModel) {
  store_a();
  Ticket ticket = ask("near");
  EXPECT_FALSE(asked.call.stop.stop_requested());
  probe.embedder.open_gate();
  Seen seen = probe.end_of(ticket);
  EXPECT_EQ(seen.outcome, Outcome::hit);
  EXPECT_EQ(seen.text, "of a");
  EXPECT_TRUE(asked.call.stop.stop_requested());
  asked.flight->finish({chat::End::Kind::failed, {}, {base::Code::cancelled, "stopped"}});
  EXPECT_EQ(probe.serving().stats().failed, 0U);
}

TEST_F(OverlapTest, AModelThatFailsAtOnceDoesNotSpoilTheHit) {
  store_a();
  Ticket ticket = ask("near");
  asked.flight->finish({chat::End::Kind::failed, {}, {base::Code::unavailable, "refused"}});
  probe.embedder.open_gate();
  EXPECT_EQ(probe.end_of(ticket).outcome, Outcome::hit);
}

TEST_F(OverlapTest, WhoLeavesWhileTheModelStallsStopsIt) {
  store_a();
  Ticket ticket = ask("far");
  probe.embedder.open_gate();
  probe.settle();
  ticket.flight->leave();
  EXPECT_TRUE(asked.call.stop.stop_requested());
  asked.flight->finish({chat::End::Kind::failed, {}, {base::Code::cancelled, "stopped"}});
  probe.wait_end(*ticket.flight);
}

TEST_F(OverlapTest, AnAnswerMadeInAdvanceIsKept) {
  store_a();
  Ticket ticket = ask("far");
  probe.embedder.open_gate();
  ScriptedProducer::answer(*asked.flight, "new");
  EXPECT_EQ(probe.end_of(ticket).text, "new");
  EXPECT_EQ(probe.see("far").head.tier, "exact");
}

TEST_F(OverlapTest, OnlyIfCachedAsksNoModelInAdvance) {
  EXPECT_EQ(probe.see("a", {.only_if_cached = true}).end.kind, chat::End::Kind::failed);
  EXPECT_EQ(probe.model.count(), 0U);
}

struct VerifiedTest : testing::Test {
  VerifiedTest() {
    for (auto& [dialect, route] : probe.options.routes) {
      route.rule = {policy::Mode::verified, policy::kWeighedFloor};
    }
    probe.embedder.set(kStored, 1.0F);
    probe.embedder.set(kAsked, 0.95F);
    probe.embedder.set(kDoubtful, 0.75F);
  }
  trust::Trust::Stats trust() { return probe.cache->trust().stats(); }
  static constexpr const char* kStored = "How do I reset my password?";
  static constexpr const char* kAsked = "How can I reset my password?";
  static constexpr const char* kDoubtful = "tell me about the password of my account";
  test::ServeProbe probe;
};

TEST_F(VerifiedTest, AMissThatHadACandidateIsALabel) {
  probe.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    ScriptedProducer::answer(*asked.flight, "By mail.");
  });
  probe.see(kStored);
  EXPECT_EQ(probe.see(kDoubtful).outcome, Outcome::miss);
  probe.settle();
  EXPECT_EQ(trust().labels, 1U);
  EXPECT_EQ(trust().routes[0].labels, 1U);
}

TEST_F(VerifiedTest, OneWouldBeHitInFiftyIsGeneratedAndItsDecisionSaysSo) {
  probe.see(kStored);
  for (int i = 0; i < 49; ++i) ASSERT_EQ(probe.see(kAsked).head.tier, "semantic");
  const test::ServeProbe::Seen checked = probe.see(kAsked);
  EXPECT_EQ(checked.outcome, Outcome::miss);
  EXPECT_EQ(checked.text, "gen-2");
  const Decision decision = probe.explained(checked.id);
  ASSERT_TRUE(decision.judgement);
  EXPECT_TRUE(decision.judgement->allowance.explore);
  EXPECT_NE(decision.stored_as, 0U);
}

TEST_F(VerifiedTest, WhereTheModelMayNotBeAskedNothingIsChecked) {
  probe.see(kStored);
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(probe.see(kAsked, {.only_if_cached = true}).head.tier, "semantic");
  }
}

// A conversation: an earlier turn, then this one.
Ask in_conversation(test::ServeProbe& probe, const std::string& earlier, const std::string& text) {
  Ask ask = probe.ask_of(text);
  json::Array messages = *ask.request.body.find("messages")->array();
  json::Value first;
  first.set("role", "user");
  first.set("content", earlier);
  json::Value reply;
  reply.set("role", "assistant");
  reply.set("content", "Fine.");
  messages.insert(messages.begin(), {first, reply});
  ask.request.body.set("messages", std::move(messages));
  ask.places = places_of(ask.request, ask.tenant, ask.controls, {});
  return ask;
}

TEST_F(VerifiedTest, ATurnMatchesByMeaningOnlyBehindTheSameHistory) {
  probe.see(in_conversation(probe, "Hello", kStored));
  EXPECT_EQ(probe.see(in_conversation(probe, "Hello", kAsked)).head.tier, "semantic");
  EXPECT_EQ(probe.see(in_conversation(probe, "Bye", kAsked)).outcome, Outcome::miss);
  EXPECT_EQ(probe.see(kAsked).outcome, Outcome::miss);
}

TEST_F(VerifiedTest, AcrossConversationsAQuestionThatStandsAloneIsAnsweredAsAFirstOne) {
  probe.options.across_conversations = true;
  probe.embedder.set("And how do I reset my password?", 0.99F);
  probe.see(kStored);
  EXPECT_EQ(probe.see(in_conversation(probe, "Hello", kAsked)).head.tier, "semantic");
  EXPECT_EQ(probe.see(in_conversation(probe, "Hello", kStored)).head.tier, "exact");
  const Ask leaning = in_conversation(probe, "Hello", "And how do I reset my password?");
  EXPECT_EQ(probe.see(leaning).outcome, Outcome::miss);
}

TEST_F(VerifiedTest, WhatWasAnsweredInAConversationIsNoAnswerToAFirstQuestion) {
  probe.options.across_conversations = true;
  probe.see(in_conversation(probe, "Hello", kStored));
  EXPECT_EQ(probe.see(kStored).outcome, Outcome::miss);
}

TEST_F(VerifiedTest, WhatMayNotBeStoredTeachesNothing) {
  probe.see(kStored);
  probe.see(kDoubtful, {.store = false});
  probe.settle();
  EXPECT_EQ(trust().labels + trust().unsure, 0U);
}

TEST(Note, CopiesWhatALookUpSaw) {
  cache::SemanticFind find;
  find.embed_ms = 1;
  find.search_ms = 2;
  find.looks = {{7, 0.8F, false, {{"numbers", true, "2023 against 2024"}}}};
  Decision decision;
  note(decision, find);
  EXPECT_EQ(decision.embed_ms, 1);
  EXPECT_EQ(decision.search_ms, 2);
  ASSERT_EQ(decision.candidates.size(), 1U);
  EXPECT_THAT(decision.candidates[0].reasons, Contains("numbers refused: 2023 against 2024"));
}

}  // namespace
}  // namespace refrain::serve
