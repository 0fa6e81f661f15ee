#include "index/graph_nodes.h"

#include <gtest/gtest.h>

namespace refrain::index {
namespace {

constexpr std::size_t kDim = 5;

TEST(GraphNodes, RowsAndLinksStayWhereTheyAreWhenBlocksAreAdded) {
  GraphNodes nodes(kDim, 4);
  nodes.grow();
  const std::vector<float> row{0, 0, 0, 0.6F, 0.8F};
  nodes.write(0, 77, row.data(), 2);
  nodes.publish(0);
  const Slot links[] = {3, 4};
  nodes.set_links(0, 2, links);
  const float* before = nodes.row(0);
  nodes.grow();
  EXPECT_EQ(nodes.row(0), before);
  EXPECT_EQ(nodes.links(0, 2).size(), 2U);
  EXPECT_EQ(nodes.links(0, 2)[1], 4U);
  EXPECT_TRUE(nodes.links(0, 0).empty());
  EXPECT_TRUE(nodes.links(0, 1).empty());
}

TEST(GraphNodes, CodeIsZeroBeyondItsDimensions) {
  GraphNodes nodes(kDim, 4);
  nodes.grow();
  const std::vector<float> row{1, 0, 0, 0, 0};
  nodes.write(0, 1, row.data(), 0);
  const Probe probe = nodes.probe(0);
  EXPECT_EQ(probe.code[0], 127);
  EXPECT_FLOAT_EQ(probe.scale, 1 / 127.0F);
  for (std::size_t at = kDim; at < nodes.code_bytes(); ++at) {
    EXPECT_EQ(probe.code[at], 0);
  }
}

TEST(GraphNodes, FullWhenABlockIsUsedUp) {
  GraphNodes nodes(kDim, 4);
  EXPECT_TRUE(nodes.full());
  nodes.grow();
  const std::vector<float> row{1, 0, 0, 0, 0};
  for (Slot slot = 0; slot < GraphNodes::kBlockSlots; ++slot) {
    ASSERT_FALSE(nodes.full());
    nodes.write(slot, slot + 1, row.data(), 0);
    nodes.publish(slot);
  }
  EXPECT_TRUE(nodes.full());
}

}  // namespace
}  // namespace refrain::index
