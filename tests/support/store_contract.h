#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "store/store.h"
#include "tests/support/temp_folder.h"

// What every store has to do. An implementation's test instantiates it:
//   struct MakeMine { std::unique_ptr<store::Store> open(const store::Options&, const Clock&); };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, StoreContract, MakeMine);
namespace refrain::store {

/// A clock that stands still until a test moves it.
class StoreClock final : public base::Clock {
 public:
  base::Instant now() const noexcept override { return std::chrono::steady_clock::now(); }
  base::WallTime wall() const noexcept override {
    return base::WallTime(std::chrono::milliseconds(wall_.load()));
  }
  void set(std::int64_t milliseconds) { wall_ = milliseconds; }

 private:
  std::atomic<std::int64_t> wall_{1000000};
};

inline WallTime at(std::int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

/// A folder that goes with its test.
using StoreFolder = TempFolder;

/// A record of that question; everything in it follows from the text.
inline Record record_of(const std::string& text, std::size_t answer_bytes = 40) {
  Record record;
  record.canonical = "canonical form of: " + text;
  record.exact = base::digest(record.canonical);
  record.space = base::digest("space");
  record.answer = "answer to " + text + std::string(answer_bytes, '.');
  record.text = text;
  record.vector = {0.6F, 0.8F, static_cast<float>(text.size())};
  record.embedder = "fake@1";
  record.tenant = "acme";
  record.model = "model-a";
  record.dialect = "openai.chat";
  record.tags = {"faq", "de"};
  record.stored = record.used = at(1000000);
  record.cost_microseconds = 1500000;
  return record;
}

template <class Maker>
class StoreContract : public testing::Test {
 protected:
  void SetUp() override { open({}); }
  void open(Options options) {
    store_.reset();
    store_ = maker_.open(std::move(options), clock_);
    ASSERT_NE(store_, nullptr);
    store_->on_erased([this](std::span<const EntryId> ids) {
      erased_.insert(erased_.end(), ids.begin(), ids.end());
    });
  }
  EntryId put(Record record) {
    Result<std::vector<EntryId>> ids = store::put({}, *store_, {std::move(record)});
    EXPECT_TRUE(ids) << ids.error().what;
    return ids ? ids->at(0) : 0;
  }
  std::optional<Record> find(const std::string& text) {
    Record like = record_of(text);
    Result<std::optional<Record>> found = store_->find({}, like.exact, like.canonical);
    EXPECT_TRUE(found) << found.error().what;
    return found ? *found : std::nullopt;
  }
  std::vector<EntryId> ids_of(const Filter& filter) {
    Result<Page> page = store_->scan({}, {.limit = 1000, .filter = filter});
    EXPECT_TRUE(page) << page.error().what;
    std::vector<EntryId> ids;
    for (const Record& record : page->records) ids.push_back(record.id);
    return ids;
  }

  StoreClock clock_;
  Maker maker_;
  std::unique_ptr<Store> store_;
  std::vector<EntryId> erased_;  // read only between writes
};

TYPED_TEST_SUITE_P(StoreContract);

TYPED_TEST_P(StoreContract, FindsWhatWasPutWithEveryMember) {
  Record record = record_of("capital of France?", 2000);
  record.user = "u";
  record.scope = key::ScopeKind::user;
  record.expires = at(2000000);
  record.tags = {"", std::string("a\0b", 3), "\xff"};
  record.hits = 7;
  record.used = at(1500000);
  record.vector = {-0.0F, 1e-30F, 0.123456789F};
  record.id = this->put(record);
  EXPECT_EQ(this->find("capital of France?"), record);
}

TYPED_TEST_P(StoreContract, EqualKeyOfOtherBytesIsAbsent) {
  Record record = record_of("a");
  this->put(record);
  EXPECT_EQ(*this->store_->find({}, record.exact, "other bytes"), std::nullopt);
}

TYPED_TEST_P(StoreContract, TwoQuestionsOfOneDigestAreBothKept) {
  Record one = record_of("a"), two = record_of("b");
  two.exact = one.exact;
  this->put(one);
  this->put(two);
  EXPECT_EQ((*this->store_->find({}, one.exact, one.canonical))->text, "a");
  EXPECT_EQ((*this->store_->find({}, one.exact, two.canonical))->text, "b");
}

TYPED_TEST_P(StoreContract, APutReplacesTheSameQuestionUnderANewId) {
  EntryId former = this->put(record_of("a", 10));
  EntryId later = this->put(record_of("a", 20));
  EXPECT_GT(later, former);
  EXPECT_EQ(this->find("a")->answer, record_of("a", 20).answer);
  EXPECT_EQ(this->erased_, std::vector<EntryId>{former});
  EXPECT_EQ(this->store_->stats().records, 1U);
}

TYPED_TEST_P(StoreContract, AnAllottedIdIsTheOneTheRecordGets) {
  Record record = record_of("a");
  record.id = this->store_->allot();
  EntryId next = this->store_->allot();
  EXPECT_NE(record.id, next);
  EXPECT_EQ(this->put(record), record.id);
  EXPECT_EQ(this->find("a")->id, record.id);
  EXPECT_GE(this->store_->last_id(), next);
}

TYPED_TEST_P(StoreContract, AnIdThatWasNeverAllottedIsRefused) {
  Record record = record_of("a");
  record.id = this->store_->last_id() + 1;
  Result<std::vector<EntryId>> ids = put({}, *this->store_, {record});
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().code, base::Code::invalid);
}

TYPED_TEST_P(StoreContract, AUsedIdIsAConflictAndNothingOfTheBatchIsKept) {
  Record taken = record_of("a");
  taken.id = this->put(taken);
  taken.canonical += "!";
  Result<std::vector<EntryId>> ids = put({}, *this->store_, {record_of("b"), taken});
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().code, base::Code::conflict);
  EXPECT_EQ(this->find("b"), std::nullopt);
  EXPECT_EQ(this->store_->stats().failed, 1U);
}

TYPED_TEST_P(StoreContract, ErasedRecordsAreAbsentAndAnnouncedAndTheirIdsNeverComeBack) {
  EntryId one = this->put(record_of("a"));
  EntryId two = this->put(record_of("b"));
  Batch batch;
  batch.erases = {two, 999999};
  ASSERT_TRUE(commit({}, *this->store_, std::move(batch)));
  EXPECT_EQ(this->find("b"), std::nullopt);
  EXPECT_EQ(this->erased_, std::vector<EntryId>{two});
  EXPECT_GT(this->put(record_of("c")), two);
  EXPECT_EQ(this->ids_of({.everything = true}).front(), one);
}

TYPED_TEST_P(StoreContract, ABatchErasesBeforeItPuts) {
  Record record = record_of("a", 10);
  record.id = this->put(record);
  Batch batch;
  batch.erases = {record.id};
  record.answer = "another";
  batch.puts = {record};  // under the id that the same batch sets free
  ASSERT_TRUE(commit({}, *this->store_, std::move(batch)));
  EXPECT_EQ(this->find("a")->answer, "another");
}

TYPED_TEST_P(StoreContract, GetAnswersEachIdInItsPlace) {
  EntryId one = this->put(record_of("a"));
  EntryId two = this->put(record_of("b"));
  EntryId ids[] = {two, 999999, one, two};
  auto records = this->store_->get({}, ids);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 4U);
  EXPECT_EQ((*records)[0]->text, "b");
  EXPECT_EQ((*records)[1], std::nullopt);
  EXPECT_EQ((*records)[2]->text, "a");
  EXPECT_EQ((*records)[3], (*records)[0]);
}

TYPED_TEST_P(StoreContract, ExpiredRecordsAreAbsentFromThatInstantAndPurgedByUpkeep) {
  Record record = record_of("a");
  record.expires = at(1000500);
  EntryId id = this->put(record);
  this->put(record_of("b"));
  this->clock_.set(1000499);
  EXPECT_NE(this->find("a"), std::nullopt);
  this->clock_.set(1000500);
  EXPECT_EQ(this->find("a"), std::nullopt);
  EXPECT_EQ((*this->store_->get({}, std::span(&id, 1)))[0], std::nullopt);
  EXPECT_EQ(this->ids_of({.everything = true}).size(), 1U);
  EXPECT_EQ(*this->store_->upkeep({}), 1U);
  EXPECT_EQ(this->erased_, std::vector<EntryId>{id});
  EXPECT_EQ(this->store_->stats().records, 1U);
  EXPECT_EQ(this->store_->stats().expired, 1U);
}

TYPED_TEST_P(StoreContract, ScanGivesEveryRecordOnceInOrderOfIds) {
  std::vector<Record> records;
  for (int i = 0; i < 25; ++i) records.push_back(record_of(std::to_string(i)));
  std::vector<EntryId> put_ids = *put({}, *this->store_, records);
  std::vector<EntryId> seen;
  Scan scan{.limit = 10, .detail = Detail::whole, .filter = {.everything = true}};
  for (std::optional<EntryId> next = 0; next;) {
    scan.after = *next;
    Page page = *this->store_->scan({}, scan);
    EXPECT_LE(page.records.size(), 10U);
    for (const Record& record : page.records) seen.push_back(record.id);
    next = page.next;
  }
  EXPECT_EQ(seen, put_ids);
}

TYPED_TEST_P(StoreContract, DetailSaysWhatAScanBrings) {
  Record record = record_of("a");
  record.id = this->put(record);
  auto scanned = [&](Detail detail) {
    return this->store_->scan({}, {.detail = detail, .filter = {.everything = true}})
        ->records.at(0);
  };
  EXPECT_EQ(scanned(Detail::whole), record);
  record.canonical.clear();
  record.answer.clear();
  EXPECT_EQ(scanned(Detail::question), record);
  record.vector.clear();
  EXPECT_EQ(scanned(Detail::head), record);
}

TYPED_TEST_P(StoreContract, FiltersNarrowAndAnEmptyOneMatchesNothing) {
  Record one = record_of("question one"), two = record_of("other question");
  two.tenant = "zeta";
  two.user = "u";
  two.scope = key::ScopeKind::user;
  two.model = "model-b";
  two.dialect = "tgi";
  two.tags = {"x"};
  two.stored = two.used = at(1000100);
  EntryId a = this->put(one), b = this->put(two);
  using Ids = std::vector<EntryId>;
  EXPECT_EQ(this->ids_of({}), Ids{});
  EXPECT_EQ(this->ids_of({.everything = true}), (Ids{a, b}));
  EXPECT_EQ(this->ids_of({.ids = {b, 77}}), Ids{b});
  EXPECT_EQ(this->ids_of({.tenant = "acme"}), Ids{a});
  EXPECT_EQ(this->ids_of({.everything = true, .user = "u"}), Ids{b});
  EXPECT_EQ(this->ids_of({.model = "model-b"}), Ids{b});
  EXPECT_EQ(this->ids_of({.tag = "de"}), Ids{a});
  EXPECT_EQ(this->ids_of({.dialect = "tgi"}), Ids{b});
  EXPECT_EQ(this->ids_of({.scope = key::ScopeKind::tenant}), Ids{a});
  EXPECT_EQ(this->ids_of({.stored_before = at(1000100)}), Ids{a});
  EXPECT_EQ(this->ids_of({.stored_after = at(1000100)}), Ids{b});
  EXPECT_EQ(this->ids_of({.text_prefix = "question"}), Ids{a});
  EXPECT_EQ(this->ids_of({.tenant = "acme", .model = "model-b"}), Ids{});
}

TYPED_TEST_P(StoreContract, AScanOfIdsPagesToo) {
  std::vector<EntryId> ids = *put({}, *this->store_, {record_of("a"), record_of("b"),
                                                      record_of("c")});
  Scan scan{.limit = 2, .filter = {.ids = {ids[2], ids[0], ids[1], ids[0]}}};
  Page first = *this->store_->scan({}, scan);
  ASSERT_EQ(first.records.size(), 2U);
  ASSERT_TRUE(first.next);
  scan.after = *first.next;
  Page second = *this->store_->scan({}, scan);
  ASSERT_EQ(second.records.size(), 1U);
  EXPECT_EQ(second.records[0].id, ids[2]);
  EXPECT_FALSE(second.next);
}

TYPED_TEST_P(StoreContract, TouchesAddUpByTheNextUpkeep) {
  EntryId id = this->put(record_of("a"));
  Touch touches[] = {{id, at(1000300), 2}, {id, at(1000200), 1}, {999999, at(1), 1}};
  this->store_->touch(touches);
  ASSERT_TRUE(this->store_->upkeep({}));
  EXPECT_EQ(this->find("a")->hits, 3U);
  EXPECT_EQ(this->find("a")->used, at(1000300));
}

TYPED_TEST_P(StoreContract, AnEmbeddingGivesItsRecordAVector) {
  Record record = record_of("a");
  record.vector.clear();
  record.embedder.clear();
  EntryId id = this->put(record);
  Batch batch;
  batch.embeddings = {{id, "other@2", {1.0F, 0.0F}}, {999999, "other@2", {1.0F}}};
  ASSERT_TRUE(commit({}, *this->store_, std::move(batch)));
  EXPECT_EQ(this->find("a")->embedder, "other@2");
  EXPECT_EQ(this->find("a")->vector, (std::vector<float>{1.0F, 0.0F}));
  EXPECT_EQ(this->find("a")->answer, record.answer);
}

TYPED_TEST_P(StoreContract, AnExactOnlyRecordHasNeitherTextNorVector) {
  Record record = record_of("a");
  record.text.clear();
  record.vector.clear();
  record.embedder.clear();
  record.id = this->put(record);
  EXPECT_EQ(this->find("a"), record);
}

TYPED_TEST_P(StoreContract, ABatchOverItsLimitIsTooLarge) {
  this->open({.batch_bytes_max = 10000});
  Result<std::vector<EntryId>> ids = put({}, *this->store_, {record_of("a", 20000)});
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().code, base::Code::too_large);
  EXPECT_EQ(this->find("a"), std::nullopt);
}

TYPED_TEST_P(StoreContract, DeadlineAndCancellationAreErrors) {
  Record like = record_of("a");
  Call late{.deadline = std::chrono::steady_clock::now()};
  EXPECT_EQ(this->store_->find(late, like.exact, like.canonical).error().code,
            base::Code::deadline);
  std::stop_source source;
  source.request_stop();
  Call stopped{.stop = source.get_token()};
  EXPECT_EQ(this->store_->get(stopped, {}).error().code, base::Code::cancelled);
  EXPECT_EQ(this->store_->scan({}, {.limit = 0}).error().code, base::Code::invalid);
}

TYPED_TEST_P(StoreContract, TheLeastValuableGoWhenTheBudgetIsSpent) {
  this->open({.bytes_max = 4 << 20, .value = [](const Facts& facts) {
                return static_cast<double>(facts.cost_microseconds);
              }});
  std::string noise;
  for (std::uint32_t i = 0; i < 8000; ++i) noise += std::to_string(i * 2654435761U);
  for (int i = 0; i < 1000; ++i) {
    Record record = record_of(std::to_string(i));
    record.answer = noise.substr(static_cast<std::size_t>(i), 20000);
    record.cost_microseconds = i < 20 ? 1000000 : 1000 + static_cast<std::uint64_t>(i);
    this->put(record);
    ASSERT_LE(this->store_->stats().bytes, 4U << 20) << i;
  }
  for (int i = 0; i < 20; ++i) EXPECT_NE(this->find(std::to_string(i)), std::nullopt) << i;
  EXPECT_NE(this->find("999"), std::nullopt);
  EXPECT_EQ(this->find("21"), std::nullopt);
  Stats stats = this->store_->stats();
  EXPECT_EQ(stats.evicted, this->erased_.size());
  EXPECT_EQ(stats.records + stats.evicted, 1000U);
  EXPECT_GT(stats.bytes, 2U << 20);
}

TYPED_TEST_P(StoreContract, ManyThreadsReadAndWriteTogether) {
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([this, t, &wrong] {
        for (int i = 0; i < 40; ++i) {
          std::string text = std::to_string(t) + "/" + std::to_string(i);
          if (!put({}, *this->store_, {record_of(text)})) ++wrong;
          Record like = record_of(text);
          auto found = this->store_->find({}, like.exact, like.canonical);
          if (!found || !*found || (*found)->answer != like.answer) ++wrong;
          if (i % 10 == 0 && !this->store_->scan({}, {.filter = {.everything = true}})) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(this->store_->stats().records, 160U);
}

REGISTER_TYPED_TEST_SUITE_P(
    StoreContract, FindsWhatWasPutWithEveryMember, EqualKeyOfOtherBytesIsAbsent,
    TwoQuestionsOfOneDigestAreBothKept, APutReplacesTheSameQuestionUnderANewId,
    AnAllottedIdIsTheOneTheRecordGets, AnIdThatWasNeverAllottedIsRefused,
    AUsedIdIsAConflictAndNothingOfTheBatchIsKept,
    ErasedRecordsAreAbsentAndAnnouncedAndTheirIdsNeverComeBack, ABatchErasesBeforeItPuts,
    GetAnswersEachIdInItsPlace, ExpiredRecordsAreAbsentFromThatInstantAndPurgedByUpkeep,
    ScanGivesEveryRecordOnceInOrderOfIds, DetailSaysWhatAScanBrings,
    FiltersNarrowAndAnEmptyOneMatchesNothing, AScanOfIdsPagesToo, TouchesAddUpByTheNextUpkeep,
    AnEmbeddingGivesItsRecordAVector, AnExactOnlyRecordHasNeitherTextNorVector,
    ABatchOverItsLimitIsTooLarge, DeadlineAndCancellationAreErrors,
    TheLeastValuableGoWhenTheBudgetIsSpent, ManyThreadsReadAndWriteTogether);

}  // namespace refrain::store
