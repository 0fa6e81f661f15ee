#include "index/space.h"

#include "tests/support/index_contract.h"

namespace refrain::index {
namespace {

constexpr std::size_t kDim = 16;

class SpaceTest : public testing::Test {
 protected:
  void fill(std::size_t from, std::size_t to) {
    for (key::EntryId id = from; id <= to; ++id) {
      const auto row = vectors_.next();
      model_.put(id, row);
      ASSERT_TRUE(space_.upsert(id, row));
    }
  }
  double mean_recall() {
    double sum = 0;
    for (int round = 0; round < 50; ++round) {
      const auto query = vectors_.next();
      sum += recall(space_.search(query, 10, nullptr).value(), model_.nearest(query, 10, nullptr));
    }
    return sum / 50;
  }
  const Space::Options options_{.flat_max = 600, .graph = {.dim = kDim}};
  Space space_{options_};
  UnitVectors vectors_{kDim};
  IndexModel model_;
};

TEST_F(SpaceTest, SmallSpaceIsFlatAndClaimsNothing) {
  fill(1, 600);
  EXPECT_FALSE(space_.claim_upkeep());
  EXPECT_FALSE(space_.upkeep());
  EXPECT_FALSE(space_.is_graph());
}

TEST_F(SpaceTest, GrownSpaceClaimsOnceAndBecomesAGraph) {
  fill(1, 700);
  EXPECT_TRUE(space_.claim_upkeep());
  EXPECT_FALSE(space_.claim_upkeep());
  EXPECT_EQ(mean_recall(), 1);  // still flat
  EXPECT_TRUE(space_.upkeep());
  EXPECT_TRUE(space_.is_graph());
  EXPECT_EQ(space_.info().size, 700U);
  EXPECT_GE(mean_recall(), 0.95);
}

TEST_F(SpaceTest, WritesDuringGrowthAreInTheGraph) {
  fill(1, 900);
  {
    std::jthread upkeep([&] { space_.upkeep(); });
    fill(901, 1200);
    for (key::EntryId id = 1; id <= 100; ++id) {
      EXPECT_TRUE(space_.erase(id));
      model_.erase(id);
    }
  }
  EXPECT_TRUE(space_.is_graph());
  EXPECT_EQ(space_.info().size, 1100U);
  EXPECT_GE(mean_recall(), 0.95);
}

TEST_F(SpaceTest, GraphWithManyTombstonesClaimsARepair) {
  fill(1, 1000);
  ASSERT_TRUE(space_.upkeep());
  for (key::EntryId id = 1; id <= 300; ++id) {
    ASSERT_TRUE(space_.erase(id));
    model_.erase(id);
  }
  EXPECT_TRUE(space_.claim_upkeep());
  EXPECT_TRUE(space_.upkeep());
  EXPECT_FALSE(space_.claim_upkeep());
  EXPECT_GE(mean_recall(), 0.95);
}

}  // namespace
}  // namespace refrain::index
