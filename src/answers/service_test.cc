#include "answers/service.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/answers_probe.h"

namespace refrain::answers {
namespace {

using test::AnswersProbe;
using Texts = std::vector<std::string>;

// Cosines to "a": b 0.95, c 0.80, d 0.81, e 0.50.
struct ServiceTest : testing::Test, AnswersProbe {
  ServiceTest() {
    embedder.set("a", 1);
    embedder.set("b", 0.95F);
    embedder.set("c", 0.80F);
    embedder.set("d", 0.81F);
    embedder.set("e", 0.50F);
    embedder.set("x", -1);
  }
};

TEST_F(ServiceTest, AnExactRepeatHitsAndANearOneToo) {
  insert({{"a", "A"}, {"x", "X"}});
  EXPECT_EQ(ask("a"), Texts{"A"});
  EXPECT_EQ(ask("b"), Texts{"A"});
  EXPECT_EQ(ask("x"), Texts{"X"});
}

TEST_F(ServiceTest, WhatIsFarIsAMiss) {
  insert({{"a", "A"}});
  EXPECT_EQ(ask("e"), Texts{});
  EXPECT_EQ(ask("c"), Texts{});
}

TEST_F(ServiceTest, AnEmptyCollectionIsACleanMissWithoutEmbedding) {
  EXPECT_EQ(ask("a"), Texts{});
  EXPECT_EQ(embedder.stats().calls, 0U);
}

TEST_F(ServiceTest, CollectionsNeverShare) {
  insert({{"a", "A"}});
  EXPECT_EQ(ask("a", {"t", "other"}), Texts{});
  EXPECT_EQ(ask("b", {"other", "m"}), Texts{});
}

TEST_F(ServiceTest, TheStoredQuestionComesBackAlsoAfterARestart) {
  insert({{"a", "A"}});
  close();
  const Outcome<Matches> found = service().find({}, service().question({"t", "m"}, said("b")));
  EXPECT_EQ(found->at(0).question, json::Value("user###a"));
  EXPECT_EQ(found->at(0).answer, "A");
}

TEST_F(ServiceTest, TheFrontAnswersAnExactRepeatWithoutWaiting) {
  insert({{"a", "A"}});
  EXPECT_EQ(service().find_now(service().question({"t", "m"}, said("a")))->at(0).answer, "A");
  EXPECT_FALSE(service().find_now(service().question({"t", "m"}, said("b"))));
}

TEST_F(ServiceTest, AQuestionThatIsThereGetsTheNewAnswer) {
  insert({{"a", "A"}});
  insert({{"a", "B"}});
  insert({{"x", "1"}, {"x", "2"}});
  EXPECT_EQ(ask("a"), Texts{"B"});
  EXPECT_EQ(ask("b"), Texts{"B"});
  EXPECT_EQ(ask("x"), Texts{"2"});
  EXPECT_EQ(store->stats().records, 2U);
}

TEST_F(ServiceTest, ManyEntriesAreOneEmbeddingCallAndOneTransaction) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < 100; ++i) {
    embedder.set("q" + std::to_string(i), 0);
    entries.emplace_back("q" + std::to_string(i), "A");
  }
  service();
  const std::uint64_t before = store->stats().commits;
  EXPECT_EQ(insert(entries).size(), 100U);
  EXPECT_EQ(embedder.stats().calls, 1U);
  EXPECT_EQ(store->stats().commits - before, 1U);
}

TEST_F(ServiceTest, OneBadTextMeansThatNothingIsInserted) {
  std::vector<Entry> entries;
  for (const char* text : {"a", "unknown to the embedder"}) {
    entries.push_back({service().question({"t", "m"}, said(text)), "A"});
  }
  const auto inserted = service().insert({}, {"t", "m"}, std::move(entries));
  EXPECT_EQ(inserted.error().stage, Stage::embedder);
  EXPECT_EQ(ask("a"), Texts{});
}

TEST_F(ServiceTest, ABrokenEmbedderFailsAQueryButNoExactHit) {
  insert({{"a", "A"}});
  EXPECT_EQ(service().find({}, service().question({"t", "m"}, said("unknown"))).error().stage,
            Stage::embedder);
  EXPECT_EQ(ask("a"), Texts{"A"});
}

TEST_F(ServiceTest, TruncatingOneModelLeavesTheOther) {
  insert({{"a", "A"}, {"x", "X"}});
  insert({{"a", "A2"}}, {"t", "m2"});
  EXPECT_EQ(service().truncate({}, {"t", "m"}), 2U);
  EXPECT_EQ(ask("a"), Texts{});
  EXPECT_EQ(ask("a", {"t", "m2"}), Texts{"A2"});
  EXPECT_EQ(service().truncate({}, {"t", "m"}), 0U);
}

TEST_F(ServiceTest, TruncatingForgetsTheLogOfTheModel) {
  service();
  ledger->log({.when = clock.wall(), .collection = {"t", "m"}, .query = "[]"});
  ASSERT_EQ(ledger->rows({"", ""}, 10)->size(), 1U);
  ASSERT_TRUE(service().truncate({}, {"t", "m"}));
  EXPECT_TRUE(ledger->rows({"", ""}, 10)->empty());
}

TEST_F(ServiceTest, AnIdOfAnotherCollectionIsNotErased) {
  const std::vector<key::EntryId> ids = insert({{"a", "A"}, {"x", "X"}});
  EXPECT_EQ(service().erase({}, {"u", "m"}, ids), 0U);
  EXPECT_EQ(service().erase({}, {"t", "m"}, {ids[0], ids[0], 99999}), 1U);
  EXPECT_EQ(ask("a"), Texts{});
  EXPECT_EQ(ask("x"), Texts{"X"});
}

TEST_F(ServiceTest, AnInsertRegistersItsModel) {
  EXPECT_EQ(service().register_model({"t", "new"}), Ledger::Registered::created);
  insert({{"a", "A"}});
  EXPECT_EQ(service().register_model({"t", "m"}), Ledger::Registered::was_there);
}

TEST_F(ServiceTest, TheSystemMessageIsPartOfTheKey) {
  const chat::Conversation first = {{"system", "s", {}}, {"user", "a", {}}};
  std::vector<Entry> entries;
  entries.push_back({service().question({"t", "m"}, first), "A"});
  ASSERT_TRUE(service().insert({}, {"t", "m"}, std::move(entries)));
  EXPECT_EQ(ask({{"system", "other", {}}, {"user", "a", {}}}), Texts{});
  EXPECT_EQ(ask({{"system", "other", {}}, {"user", "b", {}}}), Texts{});
  EXPECT_EQ(ask(first), Texts{"A"});
  EXPECT_EQ(ask({{"system", "s", {}}, {"user", "b", {}}}), Texts{"A"});
}

TEST_F(ServiceTest, LongQuestionsHaveTheLongThreshold) {
  options.bare = {.short_threshold = 0.9, .long_threshold = 0.7};
  const std::string one(300, 'p'), other(300, 'q');
  embedder.set(one, 1);
  embedder.set(other, 0.8F);
  insert({{one, "long"}, {"a", "short"}}, {"t", "long"});
  insert({{"a", "short"}});
  EXPECT_EQ(ask(other, {"t", "long"}), Texts{"long"});
  EXPECT_EQ(ask("c"), Texts{});
}

TEST_F(ServiceTest, OfTwoEqualCandidatesTheFirstIsStable) {
  embedder.set("a2", 1);
  insert({{"a", "A"}, {"a2", "A2"}});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask("b"), Texts{"A"});
}

TEST_F(ServiceTest, ARandomChoiceReachesBothAndAllIsAll) {
  embedder.set("a2", 1);
  options.top_k = 2;
  options.choice = policy::Choice::random;
  insert({{"a", "A"}, {"a2", "A2"}});
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) seen.insert(ask("b").at(0));
  EXPECT_EQ(seen.size(), 2U);
  close();
  options.choice = policy::Choice::all;
  EXPECT_EQ(ask("b"), (Texts{"A", "A2"}));
}

// Scores by the candidate's text: "d" before "b".
class Flipping final : public Reranker {
 public:
  base::Result<std::vector<double>> score(const base::Call&, std::string_view,
                                          std::span<const Candidate> candidates) override {
    if (broken) return base::fail(base::Code::unavailable, "broken on purpose");
    std::vector<double> out;
    for (const Candidate& candidate : candidates) out.push_back(candidate.text == "d" ? 7 : 3);
    return out;
  }
  bool broken = false;
};

TEST_F(ServiceTest, ARerankersScoreDecidesOnItsOwnScale) {
  Flipping flipping;
  reranker = &flipping;
  options.top_k = 3;
  options.bare.short_threshold = 0.7;
  options.rerank_floor = 5;
  insert({{"b", "B"}, {"d", "D"}});
  EXPECT_EQ(ask("a"), Texts{"D"});
  close();
  options.rerank_floor = 8;
  EXPECT_EQ(ask("a"), Texts{});
}

TEST_F(ServiceTest, ABrokenRerankerFailsTheQuery) {
  Flipping flipping;
  flipping.broken = true;
  reranker = &flipping;
  insert({{"a", "A"}});
  EXPECT_EQ(service().find({}, service().question({"t", "m"}, said("b"))).error().stage,
            Stage::other);
}

TEST_F(ServiceTest, HitsAreCountedInTheRecord) {
  const std::vector<key::EntryId> ids = insert({{"a", "A"}});
  ask("b");
  service().find_now(service().question({"t", "m"}, said("a")));
  close();
  ask("a");
  cache->upkeep();
  EXPECT_EQ((*store->get({}, ids))[0]->hits, 3U);
}

TEST_F(ServiceTest, TheReportHasTheTimesOfEmbedding) {
  insert({{"a", "A"}});
  ask("a");
  ask("b");
  ask("e");
  const Report report = service().report();
  EXPECT_EQ(report.queries, 3U);
  EXPECT_EQ(report.hits, 2U);
  EXPECT_EQ(report.exact_hits, 1U);
  EXPECT_EQ(report.embeds, 2U);
}

TEST_F(ServiceTest, OptionsOutOfRangeAreRefused) {
  EXPECT_FALSE(Service::Options{.top_k = 0}.check());
  EXPECT_FALSE(Service::Options{.choice = policy::Choice::all}.check());
}

}  // namespace
}  // namespace refrain::answers
