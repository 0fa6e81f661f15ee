#include "index/graph_walk.h"

#include <gtest/gtest.h>

#include <cmath>

namespace refrain::index {
namespace {

/// Nodes on a quarter of the unit circle, slot i at i degrees, each linked to its two neighbours.
class GraphWalk : public testing::Test {
 protected:
  GraphWalk() {
    nodes_.grow();
    for (Slot slot = 0; slot <= 90; ++slot) {
      const auto row = at(static_cast<float>(slot));
      nodes_.write(slot, slot + 1, row.data(), 0);
      nodes_.publish(slot);
    }
    for (Slot slot = 0; slot <= 90; ++slot) {
      std::vector<Slot> links;
      if (slot > 0) {
        links.push_back(slot - 1);
      }
      if (slot < 90) {
        links.push_back(slot + 1);
      }
      nodes_.set_links(slot, 0, links);
    }
  }
  static std::vector<float> at(float degrees) {
    const float angle = degrees * 3.14159265F / 180;
    return {std::cos(angle), std::sin(angle)};
  }
  Scored from(Slot slot, const Probe& probe) {
    return {score(nodes_, probe, nodes_.probe(slot)), slot};
  }
  GraphNodes nodes_{2, 4};
  Scratch scratch_;
};

TEST_F(GraphWalk, DescendsToTheNearestNode) {
  const auto query = at(40);
  const Probe probe = scratch_.quantise(query.data(), 2, nodes_.code_bytes());
  // Codes of 8 bits tell neighbours of one degree apart only in part: within 12 degrees.
  EXPECT_GT(descend(nodes_, probe, from(80, probe), 0).score, 0.978F);
}

TEST_F(GraphWalk, RefusedNodesLeadOn) {
  const auto query = at(10);
  const Probe probe = scratch_.quantise(query.data(), 2, nodes_.code_bytes());
  const auto accept = [](Slot slot) { return slot < 5 || slot > 60; };
  const Scored entry = from(90, probe);
  ASSERT_TRUE(search_layer(nodes_, probe, {&entry, 1}, {.layer = 0, .ef = 8},
                           std::pair<Scratch&, decltype(accept)>(scratch_, accept)));
  bool found_behind = false;
  for (const Scored& found : scratch_.found) {
    EXPECT_TRUE(accept(found.slot));
    found_behind |= found.slot == 4;
  }
  EXPECT_TRUE(found_behind);
}

TEST_F(GraphWalk, StopsAtTheMostVisitsAllowed) {
  const auto query = at(0);
  const Probe probe = scratch_.quantise(query.data(), 2, nodes_.code_bytes());
  const auto none = [](Slot) { return false; };
  const Scored entry = from(90, probe);
  EXPECT_FALSE(search_layer(nodes_, probe, {&entry, 1}, {.layer = 0, .ef = 8, .visits_max = 10},
                            std::pair<Scratch&, decltype(none)>(scratch_, none)));
}

TEST_F(GraphWalk, LinksGoInDifferentDirections) {
  // From 45 degrees: 47 is covered by 46, the other side is not.
  const Probe probe = nodes_.probe(45);
  const std::vector<Scored> candidates{from(50, probe), from(56, probe), from(30, probe)};
  EXPECT_EQ(choose_links(nodes_, candidates, 4), (std::vector<Slot>{50, 30}));
}

TEST_F(GraphWalk, MarksAreForgottenEvenAfterTheEpochWrapsAround) {
  for (int walk = 0; walk < 70'000; ++walk) {
    scratch_.begin(4);
    ASSERT_TRUE(scratch_.visit(2)) << walk;
    ASSERT_FALSE(scratch_.visit(2));
  }
}

}  // namespace
}  // namespace refrain::index
