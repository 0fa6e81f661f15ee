#include "app/units.h"

#include <gtest/gtest.h>

namespace refrain::app {
namespace {

TEST(Units, SizesAndDurationsHaveUnits) {
  EXPECT_EQ(*parse_bytes("64KiB"), 65536U);
  EXPECT_EQ(*parse_bytes("1.5KB"), 1500U);
  EXPECT_FALSE(parse_bytes("-1"));
  EXPECT_FALSE(parse_bytes("1 parsec"));
  EXPECT_EQ(*parse_duration("90"), std::chrono::seconds(90));
  EXPECT_EQ(*parse_duration("500ms"), std::chrono::milliseconds(500));
  EXPECT_EQ(*parse_duration("2h"), std::chrono::hours(2));
  EXPECT_FALSE(parse_duration("1e300d"));
}

}  // namespace
}  // namespace refrain::app
