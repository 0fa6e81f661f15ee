#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/support/index_model.h"

namespace refrain::index {

inline base::Result<> put(VectorIndex& index, key::EntryId id, const std::vector<float>& row) {
  return index.upsert({&id, 1}, {row.data(), 1, row.size()});
}
inline std::size_t forget(VectorIndex& index, key::EntryId id) {
  return index.erase({&id, 1}).value();
}

/// Subject: static constexpr bool kExact; static std::unique_ptr<VectorIndex> open(dim, size_max).
template <class Subject>
class IndexContract : public testing::Test {
 protected:
  static constexpr std::size_t kDim = 24;
  std::unique_ptr<VectorIndex> index_ = Subject::open(kDim, 1U << 20U);
  UnitVectors vectors_{kDim};
};
TYPED_TEST_SUITE_P(IndexContract);

TYPED_TEST_P(IndexContract, EmptyIndexHasNoNeighbours) {
  EXPECT_TRUE(this->index_->search(this->vectors_.next(), 5, nullptr).value().empty());
}

TYPED_TEST_P(IndexContract, VectorIsItsOwnNearestNeighbour) {
  const auto row = this->vectors_.next();
  ASSERT_TRUE(put(*this->index_, 7, row));
  const auto found = this->index_->search(row, 3, nullptr).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, 7U);
  EXPECT_NEAR(found[0].score, 1, 1e-6);
}

TYPED_TEST_P(IndexContract, CosineOfPointEightIsPointEight) {
  std::vector<float> axis(this->kDim, 0);
  axis[0] = 1;
  std::vector<float> row(this->kDim, 0);
  row[0] = 0.8F;
  row[1] = 0.6F;
  ASSERT_TRUE(put(*this->index_, 1, row));
  EXPECT_NEAR(this->index_->search(axis, 1, nullptr).value().at(0).score, 0.8, 1e-7);
}

TYPED_TEST_P(IndexContract, EqualScoresComeBySmallerId) {
  const auto row = this->vectors_.next();
  for (const key::EntryId id : {9U, 3U, 6U}) {
    ASSERT_TRUE(put(*this->index_, id, row));
  }
  const auto found = this->index_->search(row, 2, nullptr).value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].id, 3U);
  EXPECT_EQ(found[1].id, 6U);
}

TYPED_TEST_P(IndexContract, KnownIdIsReplaced) {
  const auto first = this->vectors_.next();
  const auto second = this->vectors_.next();
  ASSERT_TRUE(put(*this->index_, 1, first));
  ASSERT_TRUE(put(*this->index_, 1, second));
  EXPECT_EQ(this->index_->info().size, 1U);
  EXPECT_NEAR(this->index_->search(second, 1, nullptr).value().at(0).score, 1, 1e-6);
}

TYPED_TEST_P(IndexContract, ErasedIdIsNotFoundAndCountsOnce) {
  const auto row = this->vectors_.next();
  ASSERT_TRUE(put(*this->index_, 1, row));
  ASSERT_TRUE(put(*this->index_, 2, this->vectors_.next()));
  EXPECT_EQ(forget(*this->index_, 1), 1U);
  EXPECT_EQ(forget(*this->index_, 1), 0U);
  EXPECT_EQ(this->index_->search(row, 1, nullptr).value().at(0).id, 2U);
  EXPECT_EQ(this->index_->info().size, 1U);
}

TYPED_TEST_P(IndexContract, WrongShapeOrLengthOrIdIsInvalidAndChangesNothing) {
  std::vector<float> longer = this->vectors_.next();
  longer[0] += 1;
  std::vector<float> broken(this->kDim, std::nanf(""));
  EXPECT_EQ(put(*this->index_, 1, std::vector<float>(3, 1)).error().code, base::Code::invalid);
  EXPECT_EQ(put(*this->index_, 1, longer).error().code, base::Code::invalid);
  EXPECT_EQ(put(*this->index_, 1, broken).error().code, base::Code::invalid);
  EXPECT_EQ(put(*this->index_, 0, this->vectors_.next()).error().code, base::Code::invalid);
  EXPECT_EQ(this->index_->search(longer, 1, nullptr).error().code, base::Code::invalid);
  EXPECT_EQ(this->index_->info().size, 0U);
}

TYPED_TEST_P(IndexContract, FullIndexRefusesAnotherIdButReplacesAKnownOne) {
  const auto small = TypeParam::open(this->kDim, 1);
  ASSERT_TRUE(put(*small, 1, this->vectors_.next()));
  EXPECT_EQ(put(*small, 2, this->vectors_.next()).error().code, base::Code::too_large);
  EXPECT_TRUE(put(*small, 1, this->vectors_.next()));
}

TYPED_TEST_P(IndexContract, FilterKeepsTheNearestThatItAllows) {
  IndexModel model;
  for (key::EntryId id = 1; id <= 3000; ++id) {
    const auto row = this->vectors_.next();
    model.put(id, row);
    ASSERT_TRUE(put(*this->index_, id, row));
  }
  for (const key::EntryId least : {0U, 1500U, 2900U, 2995U}) {
    const Above filter(least);
    double sum = 0;
    for (int round = 0; round < 20; ++round) {
      const auto query = this->vectors_.next();
      const auto found = this->index_->search(query, 10, &filter).value();
      const auto truth = model.nearest(query, 10, &filter);
      ASSERT_EQ(found.size(), truth.size());
      ASSERT_TRUE(std::ranges::all_of(found, [&](auto& one) { return filter.allows(one.id); }));
      sum += recall(found, truth);
    }
    EXPECT_GE(sum / 20, TypeParam::kExact ? 1 : 0.9) << "ids above " << least;
  }
}

TYPED_TEST_P(IndexContract, RandomOperationsAgreeWithBruteForce) {
  IndexModel model;
  const OddIds odd;
  std::vector<std::vector<float>> centres;
  for (int at = 0; at < 20; ++at) {
    centres.push_back(this->vectors_.next());
  }
  double sum = 0;
  int searches = 0;
  auto& random = this->vectors_.random();
  for (int step = 0; step < 6000; ++step) {
    const key::EntryId id = 1 + random() % 1500;
    const auto row = this->vectors_.near(centres[random() % centres.size()], 0.7F);
    const auto act = random() % 10;
    if (act < 5) {
      model.put(id, row);
      ASSERT_TRUE(put(*this->index_, id, row));
    } else if (act < 8) {
      ASSERT_EQ(forget(*this->index_, id), model.erase(id) ? 1U : 0U);
    } else {
      const Filter* filter = act == 8 ? nullptr : &odd;
      const auto found = this->index_->search(row, 10, filter).value();
      const auto truth = model.nearest(row, 10, filter);
      ASSERT_EQ(found.size(), truth.size()) << "step " << step;
      if (TypeParam::kExact) {
        ASSERT_EQ(found, truth) << "step " << step;
      }
      sum += recall(found, truth);
      ++searches;
    }
    ASSERT_EQ(this->index_->info().size, model.size());
  }
  EXPECT_GE(sum / searches, TypeParam::kExact ? 1 : 0.95);
}

TYPED_TEST_P(IndexContract, SearchesRunBesideWriters) {
  std::vector<std::vector<float>> rows;
  for (int at = 0; at < 800; ++at) {
    rows.push_back(this->vectors_.next());
  }
  for (key::EntryId id = 1; id <= 400; ++id) {
    ASSERT_TRUE(put(*this->index_, id, rows[id - 1]));
  }
  {
    std::jthread writer([&] {
      for (key::EntryId id = 401; id <= 800; ++id) {
        EXPECT_TRUE(put(*this->index_, id, rows[id - 1]));
        EXPECT_EQ(forget(*this->index_, id - 400), 1U);
      }
    });
    std::jthread reader([&] {
      for (std::size_t at = 0; at < 800; ++at) {
        const auto found = this->index_->search(rows[at], 5, nullptr);
        EXPECT_EQ(found.value().size(), 5U);
      }
    });
    for (std::size_t at = 0; at < 800; ++at) {
      EXPECT_GT(this->index_->info().size, 0U);
      EXPECT_FALSE(this->index_->search(rows[at], 1, nullptr).value().empty());
    }
  }
  EXPECT_EQ(this->index_->info().size, 400U);
}

REGISTER_TYPED_TEST_SUITE_P(IndexContract, EmptyIndexHasNoNeighbours,
                            VectorIsItsOwnNearestNeighbour, CosineOfPointEightIsPointEight,
                            EqualScoresComeBySmallerId, KnownIdIsReplaced,
                            ErasedIdIsNotFoundAndCountsOnce,
                            WrongShapeOrLengthOrIdIsInvalidAndChangesNothing,
                            FullIndexRefusesAnotherIdButReplacesAKnownOne,
                            FilterKeepsTheNearestThatItAllows,
                            RandomOperationsAgreeWithBruteForce, SearchesRunBesideWriters);

}  // namespace refrain::index
