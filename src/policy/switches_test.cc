#include "policy/switches.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

TEST(Switches, AGateThatIsOffIsNotHeardAndTheOthersAre) {
  PairEvidence pair;
  pair.numbers = pair.names = true;
  Switches gates;
  gates.turn_off(*Switches::index_of("names"));
  gates.apply(pair);
  EXPECT_TRUE(pair.numbers);
  EXPECT_FALSE(pair.names);
}

TEST(Switches, WithoutPolarityNoOppositeIsDecisive) {
  PairEvidence pair;
  pair.polarity = true;
  pair.opposites = 1;
  Switches gates;
  gates.turn_off(*Switches::index_of("polarity"));
  gates.apply(pair);
  EXPECT_FALSE(pair.polarity);
  EXPECT_EQ(pair.opposites, 0U);
}

TEST(Switches, AnUnknownNameIsNoGate) { EXPECT_FALSE(Switches::index_of("mood")); }

}  // namespace
}  // namespace refrain::policy
