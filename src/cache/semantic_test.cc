#include <gtest/gtest.h>

#include <thread>

#include "cache/cache.h"
#include "tests/support/gate_embedder.h"
#include "tests/support/manual_clock.h"

namespace refrain::cache {
namespace {

struct SemanticTest : testing::Test {
  SemanticTest() {
    store = std::move(*store::open(store::Options{}, clock));
    trust = trust::Trust::open({}, clock);
    Cache::Options options;
    options.embedder_name = embedder.info().name();
    options.dim = 2;
    cache = std::move(
        *Cache::open(options, {*store, &embedder, work, lookup, clock, trust.get()}));
    embedder.set(kStored, 1);
    embedder.set(kAsked, 0.95F);
  }
  ~SemanticTest() override {
    lookup.stop();
    work.stop();
    cache->stop();
  }
  static Place place(const std::string& text) {
    chat::Request request;
    request.model = "m";
    json::Value message;
    message.set("role", "user");
    message.set("content", text);
    request.body.set("messages", json::Array{message});
    request.text = text;
    key::Scope scope{key::ScopeKind::tenant, "t", ""};
    return {scope, key::identify(request, scope), ""};
  }
  static Query query(const std::string& text) {
    Query out;
    out.places = {place(text)};
    out.text = text;
    out.rule = {policy::Mode::verified, policy::kWeighedFloor};
    out.route = {"openai.chat", "t", "m"};
    return out;
  }
  static chat::Answer answer(const std::string& text) {
    auto event = std::make_shared<chat::Event>();
    event->choices.emplace_back().content = text;
    chat::Answer made;
    made.events = {event};
    return made;
  }
  key::EntryId insert(const std::string& text, const std::string& said) {
    Offer offer;
    offer.places = {place(text)};
    offer.text = text;
    offer.answer = std::make_shared<chat::Answer>(answer(said));
    auto ids = cache->insert({}, {offer});
    return ids ? ids->front() : 0;
  }
  static constexpr const char* kStored = "How do I reset my password?";
  static constexpr const char* kAsked = "How can I reset my password?";

  test::ManualClock clock;
  test::GateEmbedder embedder;
  base::Pool work{{.name = "work"}}, lookup{{.name = "lookup"}};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<trust::Trust> trust;
  std::unique_ptr<Cache> cache;
};

TEST_F(SemanticTest, VerifiedModeServesARewording) {
  insert(kStored, "By mail.");
  const SemanticFind find = cache->find_semantic({}, query(kAsked));
  ASSERT_TRUE(find.hit);
  EXPECT_FLOAT_EQ(find.hit->similarity, 0.95F);
  EXPECT_EQ(trust->stats().routes[0].hits, 1U);
}

TEST_F(SemanticTest, WhatANeighbourSaysIsReadOnce) {
  insert(kStored, "By mail.");
  cache->find_semantic({}, query(kAsked));
  cache->find_semantic({}, query(kAsked));
  EXPECT_EQ(trust->stats().texts.missed, 1U);
  EXPECT_EQ(trust->stats().texts.found, 1U);
}

TEST_F(SemanticTest, AFreshAnswerThatDiffersTeachesToRefuse) {
  insert(kStored, "By mail.");
  Query asked = query(kAsked);
  asked.rule.alone_floor = 0.99F;
  asked.explore = trust::Explore::allowed;
  for (int i = 0; i < 60; ++i) {
    const SemanticFind find = cache->find_semantic({}, asked);
    if (find.lesson) cache->learn(*find.lesson, answer("It costs 30 dollars."), {});
  }
  EXPECT_FALSE(cache->find_semantic({}, asked).hit);
  EXPECT_GT(trust->stats().routes[0].checks_wrong, 0U);
}

TEST_F(SemanticTest, AnAnswerInQuarantineIsFoundByNoTier) {
  const key::EntryId id = insert(kStored, "By mail.");
  ASSERT_TRUE(cache->find_front(query(kStored)));
  ASSERT_TRUE(trust->verdicts().say({id, trust::Verdict::wrong}));
  cache->hide_quarantined(id);
  EXPECT_FALSE(cache->find_front(query(kStored)));
  EXPECT_FALSE(cache->find_store({}, query(kStored)));
  EXPECT_FALSE(cache->find_semantic({}, query(kAsked)).hit);
  ASSERT_TRUE(trust->verdicts().say({id, trust::Verdict::right}));
  EXPECT_TRUE(cache->find_store({}, query(kStored)));
}

TEST_F(SemanticTest, AForgottenEntryIsForgottenByItsTextsAndVerdictsToo) {
  const key::EntryId id = insert(kStored, "By mail.");
  cache->find_semantic({}, query(kAsked));
  ASSERT_TRUE(trust->verdicts().say({id, trust::Verdict::wrong}));
  ASSERT_TRUE(cache->forget({}, std::span(&id, 1)));
  EXPECT_EQ(trust->stats().texts.texts, 0U);
  EXPECT_EQ(trust->stats().quarantined, 0U);
}

TEST_F(SemanticTest, AnExpiredNeighbourIsNotServed) {
  Offer offer;
  offer.places = {place(kStored)};
  offer.text = kStored;
  offer.answer = std::make_shared<chat::Answer>(answer("By mail."));
  offer.ttl = std::chrono::seconds(60);
  ASSERT_TRUE(cache->insert({}, {offer}));
  ASSERT_TRUE(cache->find_semantic({}, query(kAsked)).hit);
  clock.advance(std::chrono::seconds(61));
  EXPECT_FALSE(cache->find_semantic({}, query(kAsked)).hit);
}

TEST_F(SemanticTest, ManyThreadsFindAndLearnAtOnce) {
  const key::EntryId id = insert(kStored, "By mail.");
  std::vector<std::jthread> threads;
  for (int who = 0; who < 4; ++who) {
    threads.emplace_back([&, who] {
      Query asked = query(kAsked);
      asked.rule.alone_floor = 0.99F;
      asked.explore = trust::Explore::allowed;
      for (int i = 0; i < 100; ++i) {
        const SemanticFind find = cache->find_semantic({}, asked);
        if (find.lesson) cache->learn(*find.lesson, answer("By mail."), std::span(&id, 1));
        if (who == 0 && i == 50) (void)trust->verdicts().say({id, trust::Verdict::wrong});
        if (i % 25 == 0) (void)cache->stats();
      }
    });
  }
  threads.clear();
  EXPECT_FALSE(cache->find_semantic({}, query(kAsked)).hit);
}

}  // namespace
}  // namespace refrain::cache
