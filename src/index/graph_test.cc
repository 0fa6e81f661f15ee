#include "index/graph.h"

#include "tests/support/index_contract.h"

namespace refrain::index {
namespace {

struct GraphSubject {
  static constexpr bool kExact = false;
  static std::unique_ptr<VectorIndex> open(std::size_t dim, std::size_t size_max) {
    return Graph::open({.dim = dim, .size_max = size_max}).value();
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Graph, IndexContract, GraphSubject);

constexpr std::size_t kDim = 32;

struct Filled {
  std::unique_ptr<Graph> graph;
  IndexModel model{};
  UnitVectors vectors{kDim};
};

Filled filled(std::size_t size, double tombstones_max = 0.5) {
  Filled made{.graph = Graph::open({.dim = kDim, .tombstones_max = tombstones_max}).value()};
  for (key::EntryId id = 1; id <= size; ++id) {
    const auto row = made.vectors.next();
    made.model.put(id, row);
    EXPECT_TRUE(put(*made.graph, id, row));
  }
  return made;
}

double mean_recall(Filled& in) {
  double sum = 0;
  for (int round = 0; round < 100; ++round) {
    const auto query = in.vectors.next();
    sum += recall(in.graph->search(query, 10, nullptr).value(),
                  in.model.nearest(query, 10, nullptr));
  }
  return sum / 100;
}

void erase_half(Filled& in, std::size_t size) {
  for (key::EntryId id = 1; id <= size; id += 2) {
    ASSERT_EQ(forget(*in.graph, id), 1U);
    in.model.erase(id);
  }
}

TEST(Graph, FindsNearlyAllOfTheTenNearestOfRandomVectors) {
  Filled in = filled(5000);
  EXPECT_GE(mean_recall(in), 0.95);
}

TEST(Graph, TombstonesStillLeadOn) {
  Filled in = filled(3000, 0.9);
  erase_half(in, 3000);
  EXPECT_NEAR(in.graph->tombstone_share(), 0.5, 1e-9);
  EXPECT_GE(mean_recall(in), 0.95);
}

TEST(Graph, RepairKeepsTheRecallAndFreesTheSlots) {
  Filled in = filled(3000, 0.9);
  erase_half(in, 3000);
  in.graph->repair();
  EXPECT_EQ(in.graph->tombstone_share(), 0);
  EXPECT_GE(mean_recall(in), 0.95);
  const std::size_t bytes = in.graph->info().bytes;
  for (key::EntryId id = 10'001; id <= 11'500; ++id) {
    const auto row = in.vectors.next();
    in.model.put(id, row);
    ASSERT_TRUE(put(*in.graph, id, row));
  }
  EXPECT_NEAR(static_cast<double>(in.graph->info().bytes), static_cast<double>(bytes), 65536);
  EXPECT_GE(mean_recall(in), 0.95);
}

TEST(Graph, TooManyTombstonesAreRepairedByTheWriter) {
  Filled in = filled(2000, 0.3);
  erase_half(in, 2000);
  EXPECT_LE(in.graph->tombstone_share(), 0.3);
  EXPECT_GE(mean_recall(in), 0.95);
}

TEST(Graph, EmptiedGraphFillsAgain) {
  Filled in = filled(200);
  for (key::EntryId id = 1; id <= 200; ++id) {
    forget(*in.graph, id);
  }
  EXPECT_TRUE(in.graph->search(in.vectors.next(), 3, nullptr).value().empty());
  const auto row = in.vectors.next();
  ASSERT_TRUE(put(*in.graph, 5, row));
  EXPECT_EQ(in.graph->search(row, 3, nullptr).value().at(0).id, 5U);
}

TEST(Graph, ManyCopiesOfOneVectorDoNotHideTheOthers) {
  Filled in = filled(1500);
  const auto copy = in.vectors.next();
  for (key::EntryId id = 5001; id <= 5300; ++id) {
    in.model.put(id, copy);
    ASSERT_TRUE(put(*in.graph, id, copy));
  }
  EXPECT_GE(mean_recall(in), 0.9);
}

TEST(Graph, SameOperationsMakeTheSameAnswers) {
  Filled a = filled(2000);
  Filled b = filled(2000);
  for (int round = 0; round < 50; ++round) {
    const auto query = a.vectors.next();
    EXPECT_EQ(a.graph->search(query, 10, nullptr).value(),
              b.graph->search(query, 10, nullptr).value());
  }
}

TEST(Graph, OptionsOutOfRangeAreInvalid) {
  EXPECT_EQ(Graph::open({.dim = 0}).error().code, base::Code::invalid);
  EXPECT_EQ(Graph::open({.dim = 4, .links_max = 2}).error().code, base::Code::invalid);
  EXPECT_EQ(Graph::open({.dim = 4, .ef_construction = 1}).error().code, base::Code::invalid);
  EXPECT_EQ(Graph::open({.dim = 4, .tombstones_max = 1}).error().code, base::Code::invalid);
  EXPECT_EQ(Graph::open({.dim = 4, .size_max = 1ULL << 40U}).error().code, base::Code::invalid);
}

}  // namespace
}  // namespace refrain::index
