#include "serve/completions.h"

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

std::uint64_t count(const Completions::Stats& stats, Outcome outcome) {
  return stats.outcomes[static_cast<std::size_t>(outcome)];
}

TEST(Completions, AQuestionAskedAgainIsAnExactHitWithoutTheModel) {
  test::ServeProbe probe;
  Seen first = probe.see("a");
  Seen second = probe.see("a");
  EXPECT_EQ(first.outcome, Outcome::miss);
  EXPECT_EQ(second.outcome, Outcome::hit);
  EXPECT_EQ(second.head.tier, "exact");
  EXPECT_EQ(second.text, "gen-1");
  EXPECT_EQ(probe.model.count(), 1U);
}

TEST(Completions, AnAnswerThatLeftTheFrontIsFoundInTheStore) {
  test::ServeProbe probe;
  cache::Cache::Options nothing_in_memory;
  nothing_in_memory.front.bytes_max = 0;
  probe.cache = std::move(*cache::Cache::open(
      nothing_in_memory, {*probe.store, nullptr, probe.work, probe.lookup, probe.clock}));
  chat::Flight flight(1000);
  ScriptedProducer::answer(flight, "kept");
  cache::Offer offer;
  offer.places = probe.ask_of("a").places;
  offer.answer = std::make_shared<const chat::Answer>(*flight.answer());
  ASSERT_TRUE(probe.cache->insert({}, {offer}));
  Seen seen = probe.see("a");
  EXPECT_EQ(seen.outcome, Outcome::hit);
  EXPECT_EQ(seen.head.tier, "exact");
  EXPECT_EQ(seen.text, "kept");
}

TEST(Completions, AnotherTenantsEqualQuestionIsAMiss) {
  test::ServeProbe probe;
  probe.see("a");
  Ask stranger = probe.ask_of("a");
  stranger.tenant.id = "other";
  stranger.places = places_of(stranger.request, stranger.tenant, {}, {});
  EXPECT_EQ(probe.see(std::move(stranger)).outcome, Outcome::miss);
}

TEST(Completions, WhoseIdentityIsNotCertainNeitherReadsNorWrites) {
  test::ServeProbe probe;
  Ask ask = probe.ask_of("a");
  ask.certain = false;
  EXPECT_EQ(probe.see(ask).outcome, Outcome::bypass);
  EXPECT_EQ(probe.see("a").outcome, Outcome::miss) << "nothing was stored";
  EXPECT_EQ(probe.see(ask).outcome, Outcome::bypass) << "nothing was read";
  EXPECT_EQ(probe.model.count(), 3U);
}

TEST(Completions, WithoutAPlaceTheCacheIsLeftAlone) {
  test::ServeProbe probe;
  Ask ask = probe.ask_of("a", {.scope = key::ScopeKind::user});
  ASSERT_TRUE(ask.places.empty());
  EXPECT_EQ(probe.see(ask).outcome, Outcome::bypass);
  EXPECT_EQ(probe.serving().stats().stored, 0U);
}

TEST(Completions, BypassNeitherReadsNorStores) {
  test::ServeProbe probe;
  probe.see("a");
  EXPECT_EQ(probe.see("a", {.read = false, .store = false}).outcome, Outcome::bypass);
  EXPECT_EQ(probe.see("a").text, "gen-1");
}

TEST(Completions, WhatMayNotBeStoredSharesNoPromptKv) {
  test::ServeProbe probe;
  probe.see("a");
  probe.see("b", {.read = false, .store = false});
  EXPECT_FALSE(probe.model.wait(1).request.realm.empty());
  EXPECT_EQ(probe.model.wait(2).request.realm, "");
}

TEST(Completions, RefreshAsksTheModelAndReplacesTheAnswer) {
  test::ServeProbe probe;
  probe.see("a");
  EXPECT_EQ(probe.see("a", {.read = false, .refresh = true}).outcome, Outcome::refresh);
  EXPECT_EQ(probe.see("a").text, "gen-2");
}

TEST(Completions, ReadOnlyIsAnsweredAndLeavesNothing) {
  test::ServeProbe probe;
  EXPECT_EQ(probe.see("a", {.store = false}).outcome, Outcome::miss);
  EXPECT_EQ(probe.see("a").outcome, Outcome::miss);
}

TEST(Completions, OnlyIfCachedIsAnErrorOnAMissAndAnAnswerOnAHit) {
  test::ServeProbe probe;
  Seen missed = probe.see("a", {.only_if_cached = true});
  EXPECT_EQ(missed.end.kind, chat::End::Kind::failed);
  EXPECT_THAT(missed.end.error.what, HasSubstr("only-if-cached"));
  EXPECT_EQ(probe.model.count(), 0U);
  probe.see("a");
  EXPECT_EQ(probe.see("a", {.only_if_cached = true}).outcome, Outcome::hit);
}

TEST(Completions, AnAnswerOlderThanMaxAgeIsAskedForAnew) {
  test::ServeProbe probe;
  probe.see("a");
  probe.clock.advance(11s);
  EXPECT_EQ(probe.see("a", {.max_age = 11s}).outcome, Outcome::hit);
  EXPECT_EQ(probe.see("a", {.max_age = 10s}).outcome, Outcome::miss);
  EXPECT_EQ(probe.see("a").text, "gen-2");
}

TEST(Completions, AnEntryIsGoneOnceItsTimeIsOver) {
  test::ServeProbe probe;
  probe.see("a", {.ttl = 60s});
  probe.clock.advance(59s);
  EXPECT_EQ(probe.see("a").outcome, Outcome::hit);
  probe.clock.advance(1s);
  EXPECT_EQ(probe.see("a").outcome, Outcome::miss);
}

TEST(Completions, EqualQuestionsOnTheirWayShareOneFlight) {
  test::ServeProbe probe;
  probe.model.set(ScriptedProducer::hold);
  Ticket first = probe.serving().ask(probe.ask_of("a"));
  Ask late = probe.ask_of("a");
  Ticket second = probe.serving().ask(late);
  EXPECT_EQ(first.flight, second.flight);
  ScriptedProducer::answer(*probe.model.wait(1).flight, "shared");
  EXPECT_EQ(probe.end_of(first).outcome, Outcome::miss);
  Seen joined = probe.end_of(second);
  EXPECT_EQ(joined.outcome, Outcome::coalesced);
  EXPECT_EQ(joined.text, "shared");
  EXPECT_EQ(probe.explained(late.id).outcome, "coalesced");
  EXPECT_EQ(count(probe.serving().stats(), Outcome::coalesced), 1U);
}

TEST(Completions, WhoJoinedAFlightThatIsAHitIsToldAndCountedAsOne) {
  test::ServeProbe probe;
  probe.embedder.set("a", 1.0F);
  probe.embedder.set("b", 0.95F);
  probe.see("a");
  probe.embedder.wait_calls(1);
  probe.embedder.close_gate();
  Ticket first = probe.serving().ask(probe.ask_of("b"));
  Ask late = probe.ask_of("b");
  Ticket second = probe.serving().ask(late);
  probe.embedder.open_gate();
  EXPECT_EQ(probe.end_of(first).outcome, Outcome::hit);
  EXPECT_EQ(probe.end_of(second).outcome, Outcome::hit);
  EXPECT_EQ(probe.explained(late.id).outcome, "hit");
  EXPECT_EQ(probe.serving().stats().semantic_hits, 2U);
}

TEST(Completions, WhoKeepsTheAnswerInFewerPlacesFliesAlone) {
  test::ServeProbe probe;
  probe.model.set(ScriptedProducer::hold);
  Ask both = probe.ask_of("a", {.scope = key::ScopeKind::user, .user = "u"});
  Ask one = both;
  both.places.push_back(probe.ask_of("a").places[0]);
  Ticket first = probe.serving().ask(both);
  Ticket second = probe.serving().ask(one);
  EXPECT_NE(first.flight, second.flight);
  for (std::size_t i : {1U, 2U}) ScriptedProducer::answer(*probe.model.wait(i).flight, "x");
  probe.end_of(first);
  EXPECT_EQ(probe.end_of(second).outcome, Outcome::miss);
}

TEST(Completions, WhatAsksOtherThingsOfTheCacheFliesAlone) {
  test::ServeProbe probe;
  probe.model.set(ScriptedProducer::hold);
  Ticket plain = probe.serving().ask(probe.ask_of("a"));
  Ticket other = probe.serving().ask(probe.ask_of("a", {.tags = {"x"}}));
  EXPECT_NE(plain.flight, other.flight);
  for (std::size_t i : {1U, 2U}) ScriptedProducer::answer(*probe.model.wait(i).flight, "x");
  probe.end_of(plain);
  probe.end_of(other);
}

TEST(Completions, AHitSavesWhatItsAnswerTookLessWhatItTookItself) {
  test::ServeProbe probe;
  probe.model.set([&](const ScriptedProducer::Asked& asked, std::size_t) {
    probe.clock.advance(2500ms);
    ScriptedProducer::answer(*asked.flight, "slow");
  });
  probe.see("a");
  Ask again = probe.ask_of("a");
  probe.clock.advance(100ms);
  EXPECT_EQ(probe.see(again).outcome, Outcome::hit);
  EXPECT_EQ(probe.serving().stats().milliseconds_saved, 2400U);
  EXPECT_EQ(probe.serving().stats().tokens_saved, 7U);
}

TEST(Completions, AHitThatTookLongerThanItsAnswerSavesNoTime) {
  test::ServeProbe probe;
  probe.see("a");
  Ask again = probe.ask_of("a");
  probe.clock.advance(100ms);
  probe.see(again);
  EXPECT_EQ(probe.serving().stats().milliseconds_saved, 0U);
}

TEST(Completions, CountsEveryOutcomeByDoor) {
  test::ServeProbe probe;
  probe.see("a");
  probe.see("a");
  probe.see("a", {.read = false, .store = false});
  probe.see("a", {.read = false, .refresh = true});
  Completions::Stats stats = probe.serving().stats();
  const auto& chat = stats.by_dialect[static_cast<std::size_t>(chat::Dialect::openai_chat)];
  EXPECT_EQ(chat, stats.outcomes);
  EXPECT_EQ(count(stats, Outcome::hit), 1U);
  EXPECT_EQ(count(stats, Outcome::miss), 1U);
  EXPECT_EQ(count(stats, Outcome::bypass), 1U);
  EXPECT_EQ(count(stats, Outcome::refresh), 1U);
  EXPECT_EQ(stats.exact_hits, 1U);
  EXPECT_EQ(stats.stored, 2U);
  EXPECT_EQ(stats.in_flight, 0U);
}

TEST(Completions, GkvsTwoSourcesAreCounted) {
  test::ServeProbe probe;
  Ask ask = probe.ask_of("a");
  ask.places[0].label = "global";
  probe.see(ask);
  ask.places[0].label = "user";
  probe.see(ask);
  ask.places[0].label = "global";
  probe.see(ask);
  EXPECT_EQ(probe.serving().stats().user_hits, 1U);
  EXPECT_EQ(probe.serving().stats().global_hits, 1U);
}

TEST(Completions, ExplainsAnExactHit) {
  test::ServeProbe probe;
  Seen first = probe.see("a");
  Decision hit = probe.explained(probe.see("a").id);
  EXPECT_EQ(hit.outcome, "hit");
  EXPECT_EQ(hit.tier, "exact");
  EXPECT_EQ(hit.similarity, 1.0F);
  EXPECT_NE(hit.answer_id, 0U);
  EXPECT_EQ(hit.tenant, "t");
  EXPECT_EQ(hit.dialect, "openai.chat");
  EXPECT_EQ(hit.mode, "threshold");
  EXPECT_FLOAT_EQ(hit.floor, 0.9F);
  EXPECT_THAT(probe.explained(first.id).controls, Contains(HasSubstr("stored as ")));
}

TEST(Completions, LookupTellsWhatTheTiersWouldSayAndAsksNoModel) {
  test::ServeProbe probe;
  probe.embedder.set("a", 1.0F);
  probe.embedder.set("b", 0.95F);
  probe.see("a");
  probe.embedder.wait_calls(1);
  EXPECT_EQ(probe.serving().lookup({}, probe.ask_of("a")).tier, "exact");
  Completions::Lookup near = probe.serving().lookup({}, probe.ask_of("b"));
  EXPECT_EQ(near.tier, "semantic");
  ASSERT_EQ(near.decision.candidates.size(), 1U);
  EXPECT_TRUE(near.decision.candidates[0].accepted);
  EXPECT_FALSE(probe.serving().lookup({}, probe.ask_of("b", {.exact_only = true})).hit);
  EXPECT_EQ(probe.model.count(), 1U);
}

TEST(Completions, LookupWithoutAPlaceFindsNothing) {
  test::ServeProbe probe;
  EXPECT_FALSE(probe.serving().lookup({}, probe.ask_of("a", {.scope = key::ScopeKind::user})).hit);
}

}  // namespace
}  // namespace refrain::serve
