#include <gtest/gtest.h>

#include "cache/cache.h"
#include "tests/support/gate_embedder.h"
#include "tests/support/manual_clock.h"

namespace refrain::cache {
namespace {

struct NearTest : testing::Test {
  NearTest() {
    store = std::move(*store::open(store::Options{}, clock));
    Cache::Options options;
    options.embedder_name = embedder.info().name();
    options.dim = 2;
    cache = std::move(*Cache::open(options, {*store, &embedder, pool, pool, clock}));
    embedder.set("a", 1);
    embedder.set("a2", 1);
    embedder.set("b", 0.9F);
    embedder.set("c", 0.5F);
  }
  ~NearTest() override {
    pool.stop();
    cache->stop();
  }
  static Place place(const std::string& text) {
    Place out;
    out.scope.tenant = "t";
    out.identity = {text, base::digest(text), base::digest("space")};
    return out;
  }
  void keep(const std::string& text, std::optional<std::chrono::seconds> ttl = {}) {
    Offer offer;
    offer.places = {place(text)};
    offer.text = text;
    offer.ttl = ttl;
    auto answer = std::make_shared<chat::Answer>();
    offer.answer = answer;
    ASSERT_TRUE(cache->insert({}, {offer}));
  }
  std::vector<std::string> near(const std::string& text, std::size_t k) {
    Query query;
    query.places = {place(text)};
    query.text = text;
    std::vector<std::string> out;
    for (const Undecided& found : cache->find_near({}, query, k).near) out.push_back(found.text);
    return out;
  }
  using Texts = std::vector<std::string>;

  test::ManualClock clock;
  test::GateEmbedder embedder;
  base::Pool pool{{.name = "pool"}};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Cache> cache;
};

TEST_F(NearTest, TheNearestComeBestFirstAndEqualOnesByAge) {
  keep("c");
  keep("a2");
  keep("a");
  EXPECT_EQ(near("b", 2), (Texts{"a2", "a"}));
  EXPECT_EQ(near("b", 9), (Texts{"a2", "a", "c"}));
}

TEST_F(NearTest, WhatHasExpiredIsLeftOut) {
  keep("a", std::chrono::seconds(1));
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(near("b", 2), Texts{});
}

TEST_F(NearTest, NothingIsEmbeddedWhereNothingIsStored) {
  EXPECT_EQ(near("b", 2), Texts{});
  EXPECT_EQ(embedder.stats().calls, 0U);
}

TEST_F(NearTest, AFailedEmbedderIsTold) {
  keep("a");
  Query query;
  query.places = {place("unknown")};
  query.text = "unknown";
  EXPECT_TRUE(cache->find_near({}, query, 1).error);
}

}  // namespace
}  // namespace refrain::cache
