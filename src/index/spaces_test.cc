#include "index/spaces.h"

#include "tests/support/index_contract.h"
#include "tests/support/space_index_contract.h"

namespace refrain::index {
namespace {

constexpr std::size_t kDim = 16;
constexpr key::Key kOne{1, 1};
constexpr key::Key kTwo{2, 2};

class SpacesTest : public testing::Test {
 protected:
  std::unique_ptr<Spaces> open(std::size_t entries_max = 1U << 20U) {
    return Spaces::open({.dim = kDim,
                         .embedder = "test",
                         .flat_max = 100,
                         .entries_max = entries_max,
                         .wants_upkeep = [this] { ++wanted_; }})
        .value();
  }
  std::size_t erase(Spaces& spaces, key::EntryId id) { return spaces.erase({&id, 1}); }
  int wanted_ = 0;
  UnitVectors vectors_{kDim};
};

TEST_F(SpacesTest, VectorsOfTwoSpacesNeverMeet) {
  const auto spaces = open();
  const auto row = vectors_.next();
  ASSERT_TRUE(spaces->upsert(kOne, 1, row));
  ASSERT_TRUE(spaces->upsert(kTwo, 2, row));
  const auto found = spaces->search(kOne, row, 10).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, 1U);
}

TEST_F(SpacesTest, UnknownSpaceHasNoNeighbours) {
  EXPECT_TRUE(open()->search(kOne, vectors_.next(), 10).value().empty());
}

TEST_F(SpacesTest, ErasedIdIsFoundByItsSpaceAndEmptySpaceIsDropped) {
  const auto spaces = open();
  const auto row = vectors_.next();
  ASSERT_TRUE(spaces->upsert(kOne, 1, row));
  ASSERT_TRUE(spaces->upsert(kTwo, 2, row));
  EXPECT_EQ(erase(*spaces, 2), 1U);
  EXPECT_EQ(erase(*spaces, 2), 0U);
  EXPECT_TRUE(spaces->search(kTwo, row, 1).value().empty());
  EXPECT_EQ(spaces->stats().spaces, 1U);
  EXPECT_EQ(spaces->size(), 1U);
}

TEST_F(SpacesTest, IdMovesToTheSpaceItIsPutInLast) {
  const auto spaces = open();
  const auto row = vectors_.next();
  ASSERT_TRUE(spaces->upsert(kOne, 1, row));
  ASSERT_TRUE(spaces->upsert(kTwo, 1, row));
  EXPECT_TRUE(spaces->search(kOne, row, 1).value().empty());
  EXPECT_EQ(spaces->search(kTwo, row, 1).value().size(), 1U);
  EXPECT_EQ(spaces->size(), 1U);
}

TEST_F(SpacesTest, GrownSpaceAsksForUpkeepOnceAndBecomesAGraph) {
  const auto spaces = open();
  for (key::EntryId id = 1; id <= 150; ++id) {
    ASSERT_TRUE(spaces->upsert(kOne, id, vectors_.next()));
  }
  EXPECT_EQ(wanted_, 1);
  EXPECT_EQ(spaces->stats().graphs, 0U);
  EXPECT_EQ(spaces->upkeep(), 1U);
  EXPECT_EQ(spaces->stats().graphs, 1U);
  EXPECT_EQ(spaces->upkeep(), 0U);
}

TEST_F(SpacesTest, EntriesMaxHoldsOverAllSpaces) {
  const auto spaces = open(2);
  ASSERT_TRUE(spaces->upsert(kOne, 1, vectors_.next()));
  ASSERT_TRUE(spaces->upsert(kTwo, 2, vectors_.next()));
  EXPECT_EQ(spaces->upsert(kTwo, 3, vectors_.next()).error().code, base::Code::too_large);
  EXPECT_TRUE(spaces->upsert(kOne, 2, vectors_.next()));
  EXPECT_EQ(spaces->size(), 2U);
}

TEST_F(SpacesTest, WrongVectorIsInvalidAndLeavesNoTrace) {
  const auto spaces = open();
  EXPECT_EQ(spaces->upsert(kOne, 1, std::vector<float>(kDim, 1)).error().code,
            base::Code::invalid);
  EXPECT_EQ(spaces->upsert(kOne, 0, vectors_.next()).error().code, base::Code::invalid);
  EXPECT_EQ(spaces->size(), 0U);
  EXPECT_EQ(spaces->stats().spaces, 0U);
}

TEST_F(SpacesTest, TinySpaceTakesLessThanAKilobyteBesideItsVector) {
  const auto spaces = open();
  for (std::uint64_t at = 1; at <= 1000; ++at) {
    ASSERT_TRUE(spaces->upsert({at * 7919, at}, at, vectors_.next()));
  }
  EXPECT_EQ(spaces->stats().spaces, 1000U);
  EXPECT_LT(spaces->stats().bytes / 1000, 1024 + kDim * sizeof(float));
}

TEST_F(SpacesTest, OptionsOutOfRangeAreInvalid) {
  EXPECT_EQ(Spaces::open({.dim = 0}).error().code, base::Code::invalid);
  EXPECT_EQ(Spaces::open({.dim = 4, .flat_max = 1}).error().code, base::Code::invalid);
}

struct FlatSpaces {
  explicit FlatSpaces(std::size_t dim)
      : spaces_(Spaces::open({.dim = dim, .embedder = "test"}).value()) {}
  SpaceIndex& index() { return *spaces_; }
  void settle() {}

 private:
  std::unique_ptr<Spaces> spaces_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Flat, SpaceIndexContract, FlatSpaces);

struct GraphSpaces {
  explicit GraphSpaces(std::size_t dim)
      : spaces_(Spaces::open({.dim = dim, .embedder = "test", .flat_max = 64}).value()) {}
  SpaceIndex& index() { return *spaces_; }
  void settle() { spaces_->upkeep(); }

 private:
  std::unique_ptr<Spaces> spaces_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Graph, SpaceIndexContract, GraphSpaces);

TEST_F(SpacesTest, ASearchReachesTheVectorsOfItsSpaceAndNoOthers) {
  const auto spaces = open();
  for (key::EntryId id = 1; id <= 30; ++id) {
    ASSERT_TRUE(spaces->upsert(id <= 10 ? kOne : kTwo, id, vectors_.next()));
  }
  ASSERT_TRUE(spaces->search(kOne, vectors_.next(), 3));
  EXPECT_EQ(spaces->stats().in_reach, 10U);
  ASSERT_TRUE(spaces->search(kTwo, vectors_.next(), 3));
  EXPECT_EQ(spaces->stats().in_reach, 30U);
  EXPECT_EQ(spaces->stats().searches, 2U);
}

}  // namespace
}  // namespace refrain::index
