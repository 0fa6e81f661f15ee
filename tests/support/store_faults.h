#pragma once

#include <poll.h>

#include <map>
#include <mutex>
#include <set>

#include "tests/support/cutting_proxy.h"
#include "tests/support/store_contract.h"

// What a store on a server has to do when the server or the wire fails, and when others share the
// records. An implementation's test instantiates both:
//   struct MyServer {
//     std::uint16_t port();                        // of a server that lives as long as the process
//     Options options(std::uint16_t port);         // records of their own for each object
//     void set_read_only(bool); void crash(); void restart();
//     void forget_changes();                       // the notes that the last writes left
//     static constexpr bool kLogIsNeverTorn;       // a dying server leaves transactions whole
//   };
namespace refrain::store {

/// Looks again and again, for what has no event to wait for.
template <class True>
bool eventually(True is_true) {
  for (int i = 0; i < 1500; ++i) {
    if (is_true()) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

inline bool has(Store& store, const std::string& text) {
  Record like = record_of(text);
  auto found = store.find({}, like.exact, like.canonical);
  return found && *found && (*found)->answer == like.answer;
}

template <class Server>
class StoreFaults : public testing::Test {
 protected:
  std::unique_ptr<Store> open(std::uint16_t port) {
    auto store = store::open(server_.options(port), clock_);
    EXPECT_TRUE(store) << store.error().what;
    return store ? std::move(*store) : nullptr;
  }
  static std::vector<Record> three(int turn) {
    std::vector<Record> out;
    for (int i = 0; i < 3; ++i) {
      out.push_back(record_of(std::to_string(turn) + "/" + std::to_string(i), 300));
    }
    return out;
  }
  // One write with a cut somewhere in it: whole if acknowledged, else whole or absent; and the
  // store works again afterwards.
  void write_with_a_cut(Store& store, Store& straight, int turn) {
    auto ids = put({}, store, three(turn));
    proxy_.mend();
    int there = 0;
    for (int i = 0; i < 3; ++i) {
      Record like = three(turn)[static_cast<std::size_t>(i)];
      auto found = straight.find({}, like.exact, like.canonical);
      ASSERT_TRUE(found) << found.error().what;
      if (*found) ++there;
    }
    if (ids) {
      ++acknowledged_;
      ASSERT_EQ(there, 3) << "acknowledged and lost, turn " << turn;
    } else {
      ++refused_;
      ASSERT_TRUE(there == 0 || there == 3) << "half, turn " << turn;
    }
    ASSERT_TRUE(eventually([&] { return put({}, store, {record_of("mended")}).has_value(); }));
  }

  Server server_;
  StoreClock clock_;
  CuttingProxy proxy_{server_.port()};
  int acknowledged_ = 0, refused_ = 0;
};

TYPED_TEST_SUITE_P(StoreFaults);

TYPED_TEST_P(StoreFaults, AWireCutAnywhereInAWriteLosesNothingAcknowledged) {
  auto store = this->open(this->proxy_.port()), straight = this->open(this->server_.port());
  ASSERT_TRUE(put({}, *store, {record_of("first")}));
  const std::int64_t before = this->proxy_.sent();
  ASSERT_TRUE(put({}, *store, this->three(0)));
  const std::int64_t whole = this->proxy_.sent() - before;
  for (int turn = 1; turn <= 16; ++turn) {
    this->proxy_.cut_after_sent(whole * turn / 16);
    this->write_with_a_cut(*store, *straight, turn);
    if (this->HasFatalFailure()) return;
  }
  EXPECT_GT(this->refused_, 4);
}

TYPED_TEST_P(StoreFaults, AnAnswerCutAnywhereLeavesNoDoubt) {
  auto store = this->open(this->proxy_.port()), straight = this->open(this->server_.port());
  ASSERT_TRUE(put({}, *store, {record_of("first")}));
  const std::int64_t before = this->proxy_.received();
  ASSERT_TRUE(put({}, *store, this->three(0)));
  const std::int64_t whole = this->proxy_.received() - before;
  for (int turn = 1; turn <= 12; ++turn) {
    this->proxy_.cut_after_received(std::max<std::int64_t>(0, whole - turn));
    this->write_with_a_cut(*store, *straight, turn);
    if (this->HasFatalFailure()) return;
  }
  EXPECT_GT(this->acknowledged_, 0) << "a commit whose answer was lost was never found again";
}

TYPED_TEST_P(StoreFaults, AServerThatHangsCostsAReaderABoundedTimeAndItComesBack) {
  auto store = this->open(this->proxy_.port());
  ASSERT_TRUE(put({}, *store, {record_of("a")}));
  ASSERT_TRUE(has(*store, "a"));
  this->proxy_.hold(true);
  Record like = record_of("a");
  auto start = std::chrono::steady_clock::now();
  Call call{.deadline = start + std::chrono::milliseconds(200)};
  EXPECT_FALSE(store->find(call, like.exact, like.canonical));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  this->proxy_.hold(false);
  EXPECT_TRUE(eventually([&] { return has(*store, "a"); }));
}

TYPED_TEST_P(StoreFaults, WithoutAServerEverythingFailsAtOnceAndWorksAgainLater) {
  auto store = this->open(this->proxy_.port());
  ASSERT_TRUE(put({}, *store, {record_of("a")}));
  this->proxy_.refuse(true);
  EXPECT_FALSE(eventually([&] { return !has(*store, "a"); }) && has(*store, "a"));
  EXPECT_FALSE(put({}, *store, {record_of("b")}));
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(has(*store, "a"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_FALSE(store->upkeep({}));
  this->proxy_.refuse(false);
  EXPECT_TRUE(eventually([&] { return has(*store, "a"); }));
  EXPECT_TRUE(eventually([&] { return put({}, *store, {record_of("b")}).has_value(); }));
  EXPECT_TRUE(eventually([&] { return store->upkeep({}).has_value(); }));
}

TYPED_TEST_P(StoreFaults, OnAReadOnlyServerWritesFailAndReadsGoOn) {
  auto store = this->open(this->server_.port());
  ASSERT_TRUE(put({}, *store, {record_of("a")}));
  this->server_.set_read_only(true);
  auto refused = put({}, *store, {record_of("b")});
  EXPECT_TRUE(has(*store, "a"));
  this->server_.set_read_only(false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::io) << refused.error().what;
  EXPECT_FALSE(has(*store, "b"));
  EXPECT_TRUE(eventually([&] { return put({}, *store, {record_of("b")}).has_value(); }));
}

TYPED_TEST_P(StoreFaults, KillNineOfTheServerUnderLoadLosesNothingAcknowledged) {
  auto store = this->open(this->server_.port());
  std::mutex lock;
  std::set<std::string> kept, tried;
  for (int turn = 0; turn < 3; ++turn) {
    std::atomic<int> acknowledged{0};
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&, writer](const std::stop_token& stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
          std::string text =
              std::to_string(turn) + "." + std::to_string(writer) + "." + std::to_string(i);
          const bool good = put({}, *store, {record_of(text)}).has_value();
          std::lock_guard guard(lock);
          tried.insert(text);
          if (good) kept.insert(text), ++acknowledged;
        }
      });
    }
    ASSERT_TRUE(eventually([&] { return acknowledged > 30; }));
    this->server_.crash();
    writers.clear();
    this->server_.restart();
  }
  ASSERT_TRUE(eventually([&] { return has(*store, *kept.begin()); }));
  for (const std::string& text : kept) ASSERT_TRUE(has(*store, text)) << "lost " << text;
  std::size_t there = 0;
  for (const std::string& text : tried) there += has(*store, text) ? 1U : 0U;
  ASSERT_TRUE(eventually([&] { return store->upkeep({}).has_value(); }));
  auto page = store->scan({}, {.limit = 1000000, .filter = {.everything = true}});
  ASSERT_TRUE(page);
  EXPECT_GE(page->records.size(), kept.size());
  if (!TypeParam::kLogIsNeverTorn) return;
  EXPECT_EQ(page->records.size(), there);
  EXPECT_EQ(store->stats().records, there);
  EXPECT_EQ(store->stats().corrupt, 0U);
}

REGISTER_TYPED_TEST_SUITE_P(StoreFaults, AWireCutAnywhereInAWriteLosesNothingAcknowledged,
                            AnAnswerCutAnywhereLeavesNoDoubt,
                            AServerThatHangsCostsAReaderABoundedTimeAndItComesBack,
                            WithoutAServerEverythingFailsAtOnceAndWorksAgainLater,
                            OnAReadOnlyServerWritesFailAndReadsGoOn,
                            KillNineOfTheServerUnderLoadLosesNothingAcknowledged);

/// Two processes on the same records, as two Stores.
template <class Server>
class StoreSharing : public testing::Test {
 protected:
  void SetUp() override {
    const Options options = server_.options(server_.port());
    for (auto* store : {&one_, &two_}) {
      auto made = store::open(options, clock_);
      ASSERT_TRUE(made) << made.error().what;
      *store = std::move(*made);
    }
    two_->on_erased([this](std::span<const EntryId> ids) { gone_.assign(ids.begin(), ids.end()); });
    two_->on_arrived([this](std::span<const Record> records) {
      arrived_.insert(arrived_.end(), records.begin(), records.end());
    });
    two_->on_lost([this] { ++lost_; });
  }
  Server server_;
  StoreClock clock_;
  std::unique_ptr<Store> one_, two_;
  std::vector<EntryId> gone_;
  std::vector<Record> arrived_;
  int lost_ = 0;
};

TYPED_TEST_SUITE_P(StoreSharing);

TYPED_TEST_P(StoreSharing, WhatOnePutTheOtherFindsAtOnceAndHearsOfInUpkeep) {
  EntryId id = put({}, *this->one_, {record_of("a")})->at(0);
  EXPECT_TRUE(has(*this->two_, "a"));
  ASSERT_TRUE(this->two_->upkeep({}));
  ASSERT_EQ(this->arrived_.size(), 1U);
  EXPECT_EQ(this->arrived_[0].id, id);
  EXPECT_EQ(this->arrived_[0].vector, record_of("a").vector);
  EXPECT_EQ(this->arrived_[0].space, record_of("a").space);
  EXPECT_EQ(this->two_->stats().records, 1U);
  ASSERT_TRUE(this->two_->upkeep({}));
  EXPECT_EQ(this->arrived_.size(), 1U) << "told twice";
}

TYPED_TEST_P(StoreSharing, WhatOneErasesTheOtherHearsOf) {
  EntryId id = put({}, *this->one_, {record_of("a")})->at(0);
  ASSERT_TRUE(this->two_->upkeep({}));
  Batch batch;
  batch.erases = {id};
  ASSERT_TRUE(commit({}, *this->one_, std::move(batch)));
  ASSERT_TRUE(this->two_->upkeep({}));
  EXPECT_EQ(this->gone_, std::vector<EntryId>{id});
  EXPECT_EQ(this->two_->stats().records, 0U);
}

TYPED_TEST_P(StoreSharing, OnesOwnWritesAreNoNews) {
  ASSERT_TRUE(put({}, *this->two_, {record_of("a")}));
  ASSERT_TRUE(this->two_->upkeep({}));
  EXPECT_TRUE(this->arrived_.empty());
  EXPECT_EQ(this->lost_, 0);
}

TYPED_TEST_P(StoreSharing, ALaterEmbeddingIsNewsToo) {
  EntryId id = put({}, *this->one_, {record_of("a")})->at(0);
  ASSERT_TRUE(this->two_->upkeep({}));
  Batch batch;
  batch.embeddings = {{id, "other@2", {1.0F, 0.0F}}};
  ASSERT_TRUE(commit({}, *this->one_, std::move(batch)));
  ASSERT_TRUE(this->two_->upkeep({}));
  ASSERT_EQ(this->arrived_.size(), 2U);
  EXPECT_EQ(this->arrived_[1].embedder, "other@2");
}

TYPED_TEST_P(StoreSharing, AQuestionKeptByBothIsThereOnceAndIdsNeverMeet) {
  std::set<EntryId> ids;
  for (int i = 0; i < 20; ++i) {
    for (Store* store : {this->one_.get(), this->two_.get()}) {
      EXPECT_TRUE(ids.insert(put({}, *store, {record_of("a")})->at(0)).second);
    }
  }
  auto page = this->one_->scan({}, {.filter = {.everything = true}});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->records.size(), 1U);
}

TYPED_TEST_P(StoreSharing, BothWriteAtOnceAndBothCountAlike) {
  {
    std::vector<std::jthread> threads;
    for (Store* store : {this->one_.get(), this->two_.get()}) {
      for (int t = 0; t < 2; ++t) {
        threads.emplace_back([store, t] {
          for (int i = 0; i < 30; ++i) {
            std::string text = std::to_string(t) + "/" + std::to_string(i);
            EXPECT_TRUE(put({}, *store, {record_of(text)}));
          }
        });
      }
    }
  }
  for (Store* store : {this->one_.get(), this->two_.get()}) {
    ASSERT_TRUE(store->upkeep({}));
    EXPECT_EQ(store->stats().records, 60U);
  }
}

TYPED_TEST_P(StoreSharing, WhoWasAwayForTooLongIsTold) {
  ASSERT_TRUE(put({}, *this->one_, {record_of("a")}));
  ASSERT_TRUE(put({}, *this->one_, {record_of("b")}));
  this->server_.forget_changes();
  ASSERT_TRUE(this->two_->upkeep({}));
  EXPECT_EQ(this->lost_, 1);
  ASSERT_TRUE(put({}, *this->one_, {record_of("c")}));
  ASSERT_TRUE(this->two_->upkeep({}));
  EXPECT_EQ(this->lost_, 1);
  EXPECT_EQ(this->arrived_.size(), 1U);
}

REGISTER_TYPED_TEST_SUITE_P(StoreSharing, WhatOnePutTheOtherFindsAtOnceAndHearsOfInUpkeep,
                            WhatOneErasesTheOtherHearsOf, OnesOwnWritesAreNoNews,
                            ALaterEmbeddingIsNewsToo, AQuestionKeptByBothIsThereOnceAndIdsNeverMeet,
                            BothWriteAtOnceAndBothCountAlike, WhoWasAwayForTooLongIsTold);

}  // namespace refrain::store
