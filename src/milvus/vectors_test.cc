#include "milvus/vectors.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "tests/support/fake_milvus.h"
#include "tests/support/manual_clock.h"
#include "tests/support/space_index_contract.h"

namespace refrain::milvus {
namespace {

using index::ids_of;
using index::ListedTruth;
using index::Truth;
using test::FakeMilvus;
using Ids = std::vector<key::EntryId>;

struct FakeSubject {
  explicit FakeSubject(std::size_t dim) {
    auto made = std::make_unique<FakeMilvus>(state);
    vectors = std::move(*Vectors::open({.dim = dim}, std::move(made), clock));
    ListedTruth nothing({});
    CHECK(vectors->follow({}, nothing).has_value(), "the fake has no fault");
  }
  index::SpaceIndex& index() { return *vectors; }
  void settle() { CHECK(vectors->flush().has_value(), "the fake has no fault"); }

  test::ManualClock clock;
  std::shared_ptr<FakeMilvus::State> state = std::make_shared<FakeMilvus::State>();
  std::unique_ptr<Vectors> vectors;
};

class MilvusVectors : public testing::Test {
 protected:
  static constexpr std::size_t kDim = 8;
  static constexpr key::Key kSpace{1, 1};

  MilvusVectors() { open({.dim = kDim}); }
  void open(Vectors::Options options, std::size_t ids_max = Client::kIdsMax) {
    options.dim = kDim;
    vectors_ =
        std::move(*Vectors::open(options, std::make_unique<FakeMilvus>(state_, ids_max), clock_));
  }
  void follow(std::vector<Truth::Row> rows, key::EntryId settled) {
    ListedTruth truth(std::move(rows));
    truth.settle(settled);
    ASSERT_TRUE(vectors_->follow({}, truth));
  }
  Truth::Row row(key::EntryId id) { return {kSpace, id, rows_.next()}; }
  void put(key::EntryId id) { ASSERT_TRUE(vectors_->upsert(kSpace, id, rows_.next())); }
  void fault(std::optional<base::Code> code) {
    std::lock_guard guard(state_->lock);
    state_->fault = code;
  }
  base::Result<std::vector<index::Neighbour>> search(std::size_t k = 10) {
    return vectors_->find_near({}, kSpace, rows_.next(), k);
  }
  Ids remote() {
    std::lock_guard guard(state_->lock);
    Ids ids;
    for (const auto& [id, row] : state_->rows) ids.push_back(id);
    return ids;
  }
  std::size_t asked() {
    std::lock_guard guard(state_->lock);
    return state_->searches;
  }

  test::ManualClock clock_;
  std::shared_ptr<FakeMilvus::State> state_ = std::make_shared<FakeMilvus::State>();
  std::unique_ptr<Vectors> vectors_;
  index::UnitVectors rows_{kDim};
};

TEST_F(MilvusVectors, WantTheRecordsAtTheStart) {
  EXPECT_TRUE(vectors_->wants_truth());
  follow({}, 0);
  EXPECT_FALSE(vectors_->wants_truth());
}

TEST_F(MilvusVectors, FollowingAddsWhatIsMissingAndRemovesWhatIsNotInTheRecords) {
  follow({row(1), row(2), row(3)}, 3);
  follow({row(2), row(5), row(9)}, 9);
  EXPECT_EQ(remote(), (Ids{2, 5, 9}));
  follow({}, 4);
  EXPECT_EQ(remote(), (Ids{5, 9})) << "what came after the start may be on its way to the store";
}

TEST_F(MilvusVectors, FollowingSendsOnlyWhatIsMissing) {
  follow({row(1), row(2)}, 2);
  const std::size_t before = state_->upserts;
  follow({row(1), row(2)}, 2);
  EXPECT_EQ(state_->upserts, before);
  EXPECT_EQ(state_->largest, 2U);
}

TEST_F(MilvusVectors, MoreIdsThanOneAnswerMayHoldAreAskedForByHalves) {
  open({}, 4);
  std::vector<Truth::Row> all;
  for (key::EntryId id = 1; id <= 60; ++id) all.push_back(row(id));
  follow(all, 60);
  follow({row(60)}, 60);
  EXPECT_EQ(remote(), (Ids{60}));
}

TEST_F(MilvusVectors, AnOutageCostsOnlyWhatTheServerAloneKnows) {
  follow({row(1)}, 1);
  fault(base::Code::unavailable);
  put(2);
  EXPECT_FALSE(vectors_->flush());
  EXPECT_EQ(ids_of(*search()), (Ids{2}));
  fault(std::nullopt);
  ASSERT_TRUE(vectors_->flush());
  EXPECT_EQ(remote(), (Ids{1, 2}));
  EXPECT_EQ(search()->size(), 2U);
  EXPECT_EQ(vectors_->milvus_stats().waiting, 0U);
}

TEST_F(MilvusVectors, WhatIsErasedDuringAnOutageIsNotFoundWhenTheServerIsBack) {
  follow({row(1), row(2)}, 2);
  fault(base::Code::unavailable);
  const key::EntryId gone = 1;
  vectors_->erase({&gone, 1});
  EXPECT_FALSE(vectors_->flush());
  fault(std::nullopt);
  EXPECT_EQ(ids_of(*search(1)), (Ids{2}));
  ASSERT_TRUE(vectors_->flush());
  EXPECT_EQ(remote(), (Ids{2}));
}

TEST_F(MilvusVectors, AnErrorOfTheServerIsAnErrorOfTheSearchAndIsCounted) {
  follow({row(1)}, 1);
  fault(base::Code::internal);
  EXPECT_EQ(search().error().code, base::Code::internal);
  EXPECT_EQ(vectors_->milvus_stats().errors, 1U);
  EXPECT_TRUE(vectors_->milvus_stats().reachable);
}

TEST_F(MilvusVectors, AServerThatDoesNotAnswerIsNotAskedForASecond) {
  follow({row(1)}, 1);
  fault(base::Code::deadline);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(search());
  EXPECT_EQ(asked(), 3U);
  EXPECT_EQ(vectors_->milvus_stats().skipped, 7U);
  EXPECT_FALSE(vectors_->milvus_stats().reachable);
  fault(std::nullopt);
  clock_.advance(std::chrono::milliseconds(1001));
  EXPECT_EQ(ids_of(*search()), (Ids{1}));
  EXPECT_TRUE(vectors_->milvus_stats().reachable);
}

TEST_F(MilvusVectors, ACollectionDroppedBehindOurBackIsMadeAgainFromTheRecords) {
  const std::vector<Truth::Row> records = {row(1), row(2)};
  follow(records, 2);
  ASSERT_TRUE(FakeMilvus(state_).drop({}));
  EXPECT_EQ(search().error().code, base::Code::not_found);
  EXPECT_TRUE(vectors_->wants_truth());
  follow(records, 2);
  EXPECT_EQ(search()->size(), 2U);
  EXPECT_FALSE(vectors_->wants_truth());
}

TEST_F(MilvusVectors, AWriterThatFindsTheCollectionGoneAsksForTheRecords) {
  follow({row(1)}, 1);
  ASSERT_TRUE(FakeMilvus(state_).drop({}));
  fault(base::Code::not_found);
  put(2);
  EXPECT_FALSE(vectors_->flush());
  fault(std::nullopt);
  ASSERT_TRUE(vectors_->flush());
  EXPECT_EQ(remote(), (Ids{2}));
  EXPECT_TRUE(vectors_->wants_truth()) << "1 is missing";
}

TEST_F(MilvusVectors, MoreThanMayWaitIsRefusedAndMadeGoodFromTheRecords) {
  open({.waiting_max = 3});
  fault(base::Code::unavailable);
  for (key::EntryId id = 1; id <= 3; ++id) put(id);
  auto refused = vectors_->upsert(kSpace, 4, rows_.next());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::busy);
  EXPECT_EQ(search()->size(), 3U);
  EXPECT_EQ(vectors_->milvus_stats().refused, 1U);
  EXPECT_TRUE(vectors_->wants_truth());
}

TEST_F(MilvusVectors, ACollectionOfAnotherShapeIsReportedAndDoesNotBlockTheQueue) {
  fault(base::Code::invalid);
  put(1);
  // The writer's own thread may have met the fault first.
  base::Result<> flushed = vectors_->flush();
  EXPECT_TRUE(flushed || flushed.error().code == base::Code::invalid);
  ASSERT_TRUE(vectors_->flush());
  EXPECT_EQ(vectors_->milvus_stats().waiting, 0U);
  EXPECT_TRUE(vectors_->wants_truth());
}

TEST_F(MilvusVectors, ChangesAreSentInBatches) {
  open({.waiting_max = 1000, .batch_max = 16});
  fault(base::Code::unavailable);
  for (key::EntryId id = 1; id <= 100; ++id) put(id);
  fault(std::nullopt);
  ASSERT_TRUE(vectors_->flush());
  EXPECT_EQ(remote().size(), 100U);
  EXPECT_EQ(state_->largest, 16U);
}

TEST_F(MilvusVectors, AnIdThatMilvusHasNoRoomForIsInvalid) {
  EXPECT_EQ(vectors_->upsert(kSpace, 1ULL << 63U, rows_.next()).error().code, base::Code::invalid);
}

TEST_F(MilvusVectors, AfterTheEndNothingIsSent) {
  follow({}, 0);
  vectors_->stop();
  put(1);
  ListedTruth truth({row(1)});
  EXPECT_EQ(vectors_->follow({}, truth).error().code, base::Code::cancelled);
  EXPECT_TRUE(remote().empty());
  EXPECT_EQ(vectors_->milvus_stats().errors, 0U);
}

TEST_F(MilvusVectors, WritersSearchesAndTheRecordsGoOnBesideEachOther) {
  follow({}, 0);
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 4; ++t) {
      threads.emplace_back([this, t] {
        index::UnitVectors rows(kDim, t + 1);
        for (key::EntryId i = 0; i < 200; ++i) {
          const key::EntryId id = 1 + t * 1000 + i;
          EXPECT_TRUE(vectors_->upsert(kSpace, id, rows.next()));
          EXPECT_TRUE(vectors_->find_near({}, kSpace, rows.next(), 5));
          if (i % 2 == 0) vectors_->erase({&id, 1});
          if (i % 50 == 0) vectors_->upkeep();
        }
      });
    }
    threads.emplace_back([this] {
      for (int i = 0; i < 20; ++i) {
        ListedTruth truth({});
        EXPECT_TRUE(vectors_->follow({}, truth));
      }
    });
  }
  ASSERT_TRUE(vectors_->flush());
  EXPECT_EQ(remote().size(), 400U);
  EXPECT_EQ(search(1000)->size(), 400U);
}

}  // namespace
}  // namespace refrain::milvus

namespace refrain::index {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(MilvusFake, SpaceIndexContract, milvus::FakeSubject);

}  // namespace
}  // namespace refrain::index
