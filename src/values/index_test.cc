#include "values/index.h"

#include <gtest/gtest.h>

namespace refrain::values {
namespace {

base::WallTime at(int milliseconds) {
  return base::WallTime(std::chrono::milliseconds(milliseconds));
}

TEST(ValueIndex, KeysOfSpacesAreTheirOwn) {
  Index index;
  bool made = false;
  index.get("a", "k", made).bytes = 1;
  EXPECT_TRUE(made);
  index.get("b", "k", made).bytes = 2;
  EXPECT_TRUE(made);
  index.get("a", "k", made);
  EXPECT_FALSE(made);
  EXPECT_EQ(index.find("a", "k")->bytes, 1U);
  EXPECT_EQ(index.find("c", "k"), nullptr);
}

TEST(ValueIndex, SlotsAreUsedAgainAndEmptySpacesGo) {
  Index index;
  bool made = false;
  const policy::Slot slot = index.get("a", "k", made).slot;
  index.remove(*index.find("a", "k"));
  EXPECT_EQ(index.space("a"), nullptr);
  EXPECT_EQ(index.at(slot), nullptr);
  EXPECT_EQ(index.get("b", "other", made).slot, slot);
  EXPECT_EQ(index.count(), 1U);
}

TEST(ValueIndex, TheFirstToEndIsFoundAndOnlyOnceItHasEnded) {
  Index index;
  bool made = false;
  index.set_expiry(index.get("s", "late", made), at(20));
  index.set_expiry(index.get("s", "soon", made), at(10));
  index.set_expiry(index.get("s", "never", made), at(5));
  index.set_expiry(*index.find("s", "never"), std::nullopt);
  EXPECT_EQ(index.expired(at(9)), nullptr);
  ASSERT_NE(index.expired(at(10)), nullptr);
  EXPECT_EQ(*index.expired(at(30))->key, "soon");
  index.remove(*index.find("s", "soon"));
  EXPECT_EQ(*index.expired(at(30))->key, "late");
}

}  // namespace
}  // namespace refrain::values
