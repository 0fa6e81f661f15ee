#include "cache/cache.h"

#include <gtest/gtest.h>

#include "tests/support/telling_store.h"

namespace refrain::cache {
namespace {

// Two directions: texts that begin with the same letter are alike.
class LetterEmbedder final : public embed::Embedder {
 public:
  base::Result<embed::Matrix> embed(const base::Call&,
                                    std::span<const std::string_view> texts) override {
    if (broken) return base::fail(base::Code::unavailable, "broken on purpose");
    embed::Matrix out{{}, texts.size(), 2};
    for (std::string_view text : texts) {
      bool a = text.starts_with('a');
      out.data.insert(out.data.end(), {a ? 1.0F : 0.0F, a ? 0.0F : 1.0F});
    }
    return out;
  }
  std::string overlooked(std::string_view a, std::string_view b) const override {
    return a.contains('~') != b.contains('~') ? "~" : "";
  }
  embed::Info info() const override { return {"letters", "1", 2, 0}; }
  embed::Stats stats() const override { return {}; }
  bool broken = false;
};

struct CacheTest : testing::Test {
  CacheTest() {
    store = std::move(*store::open(store::Options{}, clock));
    open();
  }
  ~CacheTest() override {
    lookup.stop();
    work.stop();
    cache->stop();
  }
  void open() {
    Cache::Options options;
    options.embedder_name = embedder.info().name();
    options.dim = 2;
    cache = std::move(*Cache::open(options, {*store, &embedder, work, lookup, clock}));
  }
  static Place place(const std::string& tenant, const std::string& text) {
    chat::Request request;
    request.model = "m";
    json::Value message;
    message.set("role", "user");
    message.set("content", text);
    request.body.set("model", "m");
    request.body.set("messages", json::Array{message});
    request.text = text;
    key::Scope scope{key::ScopeKind::tenant, tenant, ""};
    key::Identity identity = key::identify(request, scope);
    return {scope, identity, ""};
  }
  static Query query(const std::string& text, const std::string& tenant = "t") {
    Query out;
    out.places = {place(tenant, text)};
    out.text = text;
    out.rule = {policy::Mode::threshold, 0.9F, policy::Compare::at_least};
    return out;
  }
  static Offer offer_of(const std::string& text, const std::string& answer) {
    auto event = std::make_shared<chat::Event>();
    event->choices.emplace_back().content = answer;
    auto made = std::make_shared<chat::Answer>();
    made->events = {event};
    Offer offer;
    offer.places = {place("t", text)};
    offer.text = text;
    offer.answer = made;
    return offer;
  }
  void insert(const std::string& text, const std::string& answer) {
    ASSERT_TRUE(cache->insert({}, {offer_of(text, answer)}));
  }

  base::SystemClock clock;
  LetterEmbedder embedder;
  base::Pool work{{.name = "work"}}, lookup{{.name = "lookup"}};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Cache> cache;
};

TEST_F(CacheTest, AnOfferedAnswerIsFoundAtOnce) {
  Offer offer = offer_of("a1", "yes");
  offer.vector = {1, 0};
  cache->offer(std::move(offer));
  ASSERT_TRUE(cache->find_front(query("a1")));
  SemanticFind find = cache->find_semantic({}, query("a2"));
  ASSERT_TRUE(find.hit);
  EXPECT_EQ(chat::text(*find.hit->entry->answer), "yes");
}

TEST_F(CacheTest, AnotherTenantFindsNothing) {
  insert("a1", "yes");
  EXPECT_FALSE(cache->find_front(query("a1", "other")));
  EXPECT_FALSE(cache->find_store({}, query("a1", "other")));
  EXPECT_FALSE(cache->find_semantic({}, query("a1", "other")).hit);
}

TEST_F(CacheTest, TheIndexIsRebuiltFromTheRecords) {
  insert("a1", "yes");
  lookup.stop();
  work.stop();
  cache->stop();
  base::Pool more_work{{.name = "work"}}, more_lookup{{.name = "lookup"}};
  Cache::Options options;
  options.embedder_name = embedder.info().name();
  options.dim = 2;
  auto again = Cache::open(options, {*store, &embedder, more_work, more_lookup, clock});
  ASSERT_TRUE(again);
  EXPECT_FALSE((*again)->find_front(query("a1")));
  EXPECT_TRUE((*again)->find_store({}, query("a1")));
  EXPECT_TRUE((*again)->find_semantic({}, query("a2")).hit);
  (*again)->stop();
  cache = std::move(*again);
}

TEST_F(CacheTest, AForgottenEntryIsGoneFromEveryTier) {
  auto ids = cache->insert({}, {offer_of("a1", "yes")});
  ASSERT_TRUE(ids);
  ASSERT_TRUE(cache->forget({}, *ids));
  EXPECT_FALSE(cache->find_front(query("a1")));
  EXPECT_FALSE(cache->find_store({}, query("a1")));
  EXPECT_FALSE(cache->find_semantic({}, query("a1")).hit);
}

TEST_F(CacheTest, ABrokenEmbedderIsAMissWithItsReason) {
  insert("a1", "yes");
  embedder.broken = true;
  SemanticFind find = cache->find_semantic({}, query("a2"));
  EXPECT_FALSE(find.hit);
  ASSERT_TRUE(find.error);
  EXPECT_TRUE(cache->find_front(query("a1")));
}

TEST_F(CacheTest, ASpaceWithoutEntriesIsAMissWithoutAskingTheEmbedder) {
  insert("a1", "yes");
  embedder.broken = true;
  SemanticFind find = cache->find_semantic({}, query("a2", "newcomer"));
  EXPECT_FALSE(find.hit);
  EXPECT_FALSE(find.error);
  Query always = query("a2", "newcomer");
  always.embedding = Embedding::always;
  EXPECT_TRUE(cache->find_semantic({}, always).error);
}

TEST_F(CacheTest, ADifferenceThatTheEmbedderCannotSeeIsNoHit) {
  insert("apples ~ here", "yes");
  Query asked = query("apples here");
  asked.rule = {};
  SemanticFind find = cache->find_semantic({}, asked);
  EXPECT_FALSE(find.hit);
  ASSERT_EQ(find.looks.size(), 1U);
  EXPECT_EQ(find.looks[0].reasons.back().gate, "unseen");
  asked.text = "apples ~ are here";
  EXPECT_TRUE(cache->find_semantic({}, asked).hit);
}

TEST_F(CacheTest, AScopeAtItsLimitLosesItsLeastRecentlyUsedEntry) {
  for (const char* text : {"a1", "b2", "a3"}) {
    Offer offer = offer_of(text, text);
    offer.entries_max = 2;
    ASSERT_TRUE(cache->insert({}, {offer}));
  }
  EXPECT_FALSE(cache->find_front(query("a1")));
  EXPECT_TRUE(cache->find_front(query("b2")));
  EXPECT_TRUE(cache->find_front(query("a3")));
}

TEST_F(CacheTest, AnAnswerOlderThanAskedForIsNotFound) {
  insert("a1", "yes");
  Query fresh = query("a1");
  fresh.max_age = std::chrono::seconds(-1);
  EXPECT_FALSE(cache->find_front(fresh));
}

// An index on another machine, with the faults that a test sets.
class FarIndex final : public index::SpaceIndex {
 public:
  base::Result<> upsert(const key::Key&, key::EntryId id, std::span<const float>) override {
    rows.push_back(id);
    return {};
  }
  std::size_t erase(std::span<const key::EntryId> ids) override {
    for (key::EntryId id : ids) std::erase(rows, id);
    return ids.size();
  }
  bool contains(const key::Key&) const override { return true; }
  base::Result<std::vector<index::Neighbour>> find_near(const base::Call&, const key::Key&,
                                                        std::span<const float>,
                                                        std::size_t) const override {
    if (broken) return base::fail(base::Code::unavailable, "broken on purpose");
    std::vector<index::Neighbour> found;
    for (key::EntryId id : rows) found.push_back({id, 1});
    return found;
  }
  base::Result<> follow(const base::Call&, index::Truth& truth) override {
    wants = false;
    settled = truth.settled();
    for (;;) {
      TRY(page, truth.next());
      if (page.empty()) return {};
      for (const auto& row : page) rows.push_back(row.id);
    }
  }
  bool wants_truth() const override { return wants; }
  std::size_t upkeep() override { return 0; }
  Stats stats() const override { return {}; }

  std::vector<key::EntryId> rows;
  key::EntryId settled = 0;
  bool broken = false;
  std::atomic<bool> wants = true;
};

struct FarAway {
  FarIndex far;
  std::unique_ptr<Cache> former;  // the store still tells it of what it erases
};

// In this order: the cache goes before its index.
struct FarIndexTest : FarAway, CacheTest {
  void reopen() {
    Cache::Options options;
    options.embedder_name = embedder.info().name();
    options.dim = 2;
    cache->stop();
    former = std::move(cache);
    Cache::Rooms rooms{*store, &embedder, work, lookup, clock, nullptr, &far};
    cache = std::move(*Cache::open(options, rooms));
    work.stop();  // what open() began is done
  }
};

TEST_F(FarIndexTest, FollowsTheRecordsWhenTheCacheOpens) {
  insert("apple", "red");
  insert("avocado", "green");
  reopen();
  EXPECT_EQ(far.rows.size(), 2U);
  EXPECT_EQ(far.settled, store->last_id());
  EXPECT_TRUE(cache->find_semantic({}, query("another a")).hit);
}

TEST_F(FarIndexTest, AFaultIsAMissAndCounted) {
  insert("apple", "red");
  reopen();
  far.broken = true;
  SemanticFind find = cache->find_semantic({}, query("another a"));
  EXPECT_FALSE(find.hit);
  ASSERT_TRUE(find.error);
  EXPECT_EQ(find.error->code, base::Code::unavailable);
  EXPECT_EQ(cache->stats().semantic_errors, 1U);
}

TEST_F(FarIndexTest, LearnsOfWhatIsKeptAndForgotten) {
  reopen();
  insert("apple", "red");
  ASSERT_EQ(far.rows.size(), 1U);
  const std::vector<key::EntryId> ids = far.rows;
  ASSERT_TRUE(cache->forget({}, ids));
  EXPECT_TRUE(far.rows.empty());
}

// A cache whose store is shared with servers that a test plays.
struct SharedCacheTest : CacheTest {
  SharedCacheTest() {
    insert("a1", "yes");
    store::Scan scan{.detail = store::Detail::whole, .filter = {.everything = true}};
    theirs = store->scan({}, scan)->records;
    for (store::Record& record : theirs) record.id = 0;
    cache->stop();
    auto made = std::make_unique<TellingStore>(clock);
    shared = made.get();
    store = std::move(made);
    open();
  }
  std::vector<store::Record> theirs;
  TellingStore* shared = nullptr;
};

TEST_F(SharedCacheTest, WhatAnotherServerPutIsFoundInOtherWordsToo) {
  EXPECT_FALSE(cache->find_semantic({}, query("a2")).hit);
  shared->arrive(theirs);
  EXPECT_TRUE(cache->find_semantic({}, query("a2")).hit);
  EXPECT_TRUE(cache->find_store({}, query("a1")));
}

TEST_F(SharedCacheTest, AfterALossTheFrontIsEmptyAndTheIndexIsBuiltAgain) {
  insert("b1", "no");
  ASSERT_TRUE(cache->find_front(query("b1")));
  shared->arrive_unheard(theirs);
  EXPECT_FALSE(cache->find_front(query("b1")));
  work.stop();  // the building is done
  EXPECT_TRUE(cache->find_semantic({}, query("a2")).hit);
  EXPECT_TRUE(cache->find_semantic({}, query("b2")).hit);
}

}  // namespace
}  // namespace refrain::cache
