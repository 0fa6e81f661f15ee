#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "index/space_index.h"
#include "tests/support/index_model.h"

namespace refrain::index {

/// Records that a test writes down.
class ListedTruth final : public Truth {
 public:
  explicit ListedTruth(std::vector<Row> rows, std::size_t page = 10)
      : rows_(std::move(rows)), page_(page) {
    settled_ = rows_.empty() ? 0 : rows_.back().id;
  }
  base::Result<std::vector<Row>> next() override {
    std::vector<Row> out;
    while (out.size() < page_ && at_ < rows_.size()) out.push_back(rows_[at_++]);
    return out;
  }
  key::EntryId settled() const override { return settled_; }
  void settle(key::EntryId id) { settled_ = id; }

 private:
  std::vector<Row> rows_;
  std::size_t page_, at_ = 0;
  key::EntryId settled_ = 0;
};

inline std::vector<key::EntryId> ids_of(const std::vector<Neighbour>& found) {
  std::vector<key::EntryId> ids;
  for (const Neighbour& one : found) ids.push_back(one.id);
  return ids;
}

/// Subject: a default-constructed index of kDim dimensions; index(); settle(): what was written is
/// wherever it will be in the end. Each claim is made before and after that.
template <class Subject>
class SpaceIndexContract : public testing::Test {
 protected:
  static constexpr std::size_t kDim = 24;
  static constexpr key::Key kOne{1, 1}, kTwo{2, 1}, kThree{1, 2};

  void put(const key::Key& space, key::EntryId id, const std::vector<float>& row) {
    auto kept = subject_.index().upsert(space, id, row);
    ASSERT_TRUE(kept) << kept.error().what;
  }
  void erase(key::EntryId id) { subject_.index().erase({&id, 1}); }
  std::vector<Neighbour> near(const key::Key& space, const std::vector<float>& query,
                              std::size_t k = 10) {
    auto found = subject_.index().find_near({}, space, query, k);
    EXPECT_TRUE(found) << found.error().what;
    return found ? *found : std::vector<Neighbour>{};
  }
  /// Makes the claim twice.
  template <class Claim>
  void twice(Claim claim) {
    claim();
    subject_.settle();
    claim();
  }
  Subject subject_{kDim};
  UnitVectors vectors_{kDim};
};
TYPED_TEST_SUITE_P(SpaceIndexContract);

TYPED_TEST_P(SpaceIndexContract, UnknownSpaceHasNoNeighbours) {
  this->twice([&] { EXPECT_TRUE(this->near(this->kOne, this->vectors_.next()).empty()); });
}

TYPED_TEST_P(SpaceIndexContract, WhatIsPutIsFoundAtOnceAndStays) {
  const auto row = this->vectors_.next();
  this->put(this->kOne, 7, row);
  this->twice([&] {
    const auto found = this->near(this->kOne, row);
    ASSERT_EQ(ids_of(found), std::vector<key::EntryId>{7});
    EXPECT_NEAR(found[0].score, 1, 1e-5);
    EXPECT_TRUE(this->subject_.index().contains(this->kOne));
  });
}

TYPED_TEST_P(SpaceIndexContract, VectorsOfTwoSpacesNeverMeet) {
  const auto row = this->vectors_.next();
  this->put(this->kOne, 1, row);
  this->put(this->kTwo, 2, row);
  this->put(this->kThree, 3, row);
  this->twice([&] {
    EXPECT_EQ(ids_of(this->near(this->kOne, row)), std::vector<key::EntryId>{1});
    EXPECT_EQ(ids_of(this->near(this->kTwo, row)), std::vector<key::EntryId>{2});
    EXPECT_EQ(ids_of(this->near(this->kThree, row)), std::vector<key::EntryId>{3});
  });
}

TYPED_TEST_P(SpaceIndexContract, EqualScoresComeBySmallerId) {
  const auto row = this->vectors_.next();
  for (const key::EntryId id : {9U, 3U, 6U}) this->put(this->kOne, id, row);
  this->twice([&] {
    EXPECT_EQ(ids_of(this->near(this->kOne, row)), (std::vector<key::EntryId>{3, 6, 9}));
  });
}

TYPED_TEST_P(SpaceIndexContract, AKnownIdIsReplacedAndMoves) {
  const auto first = this->vectors_.next(), second = this->vectors_.next();
  this->put(this->kOne, 1, first);
  this->subject_.settle();
  this->put(this->kTwo, 1, second);
  this->twice([&] {
    EXPECT_TRUE(this->near(this->kOne, first).empty());
    const auto found = this->near(this->kTwo, second);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NEAR(found[0].score, 1, 1e-5);
  });
}

TYPED_TEST_P(SpaceIndexContract, WhatIsErasedIsNotFoundAndOthersTakeItsPlace) {
  const auto row = this->vectors_.next();
  this->put(this->kOne, 1, row);
  this->put(this->kOne, 2, this->vectors_.near(row, 0.3F));
  this->subject_.settle();
  this->erase(1);
  this->erase(77);  // unknown: no error
  this->twice(
      [&] { EXPECT_EQ(ids_of(this->near(this->kOne, row, 1)), std::vector<key::EntryId>{2}); });
}

TYPED_TEST_P(SpaceIndexContract, WrongShapeOrLengthOrIdIsInvalidAndChangesNothing) {
  auto& index = this->subject_.index();
  std::vector<float> longer = this->vectors_.next();
  longer[0] += 1;
  const std::vector<float> shorter(3, 1);
  EXPECT_EQ(index.upsert(this->kOne, 1, shorter).error().code, base::Code::invalid);
  EXPECT_EQ(index.upsert(this->kOne, 1, longer).error().code, base::Code::invalid);
  EXPECT_EQ(index.upsert(this->kOne, 0, this->vectors_.next()).error().code, base::Code::invalid);
  EXPECT_EQ(index.find_near({}, this->kOne, shorter, 1).error().code, base::Code::invalid);
  this->twice([&] { EXPECT_TRUE(this->near(this->kOne, this->vectors_.next()).empty()); });
}

TYPED_TEST_P(SpaceIndexContract, RandomOperationsAgreeWithBruteForce) {
  std::map<int, IndexModel> models;
  std::map<key::EntryId, int> where;
  auto& random = this->vectors_.random();
  double sum = 0;
  int searches = 0;
  for (int step = 0; step < 1500; ++step) {
    const key::EntryId id = 1 + random() % 300;
    const int space = static_cast<int>(random() % 3);
    const key::Key key{static_cast<std::uint64_t>(space), 9};
    const auto row = this->vectors_.next();
    const auto act = random() % 10;
    if (act < 5) {
      if (where.contains(id)) models[where[id]].erase(id);
      where[id] = space;
      models[space].put(id, row);
      this->put(key, id, row);
    } else if (act < 7) {
      if (where.contains(id)) models[where[id]].erase(id);
      where.erase(id);
      this->erase(id);
    } else {
      const auto found = this->near(key, row, 5);
      const auto truth = models[space].nearest(row, 5, nullptr);
      ASSERT_EQ(found.size(), truth.size()) << "step " << step;
      sum += recall(found, truth);
      ++searches;
    }
    if (step % 250 == 0) this->subject_.settle();
  }
  EXPECT_GE(sum / searches, 0.95);
}

TYPED_TEST_P(SpaceIndexContract, FollowingTheRecordsFindsThemAll) {
  std::vector<Truth::Row> rows;
  for (key::EntryId id = 5; id < 40; ++id) {
    rows.push_back({id % 2 == 0 ? this->kOne : this->kTwo, id, this->vectors_.next()});
  }
  ListedTruth truth(rows);
  ASSERT_TRUE(this->subject_.index().follow({}, truth));
  this->twice([&] {
    for (const Truth::Row& row : rows) {
      const auto found = this->near(row.space, row.vector, 1);
      ASSERT_EQ(ids_of(found), std::vector<key::EntryId>{row.id});
    }
    EXPECT_EQ(this->subject_.index().stats().entries, rows.size());
    EXPECT_FALSE(this->subject_.index().wants_truth());
  });
}

REGISTER_TYPED_TEST_SUITE_P(SpaceIndexContract, UnknownSpaceHasNoNeighbours,
                            WhatIsPutIsFoundAtOnceAndStays, VectorsOfTwoSpacesNeverMeet,
                            EqualScoresComeBySmallerId, AKnownIdIsReplacedAndMoves,
                            WhatIsErasedIsNotFoundAndOthersTakeItsPlace,
                            WrongShapeOrLengthOrIdIsInvalidAndChangesNothing,
                            RandomOperationsAgreeWithBruteForce, FollowingTheRecordsFindsThemAll);

}  // namespace refrain::index
