#include "index/unit_rows.h"

#include <gtest/gtest.h>

#include <cmath>

namespace refrain::index {
namespace {

TEST(UnitRows, LengthMayBeOffByAThousandth) {
  const std::vector<float> inside{1.0009F, 0};
  const std::vector<float> outside{1.002F, 0};
  EXPECT_TRUE(is_unit(inside.data(), 2));
  EXPECT_FALSE(is_unit(outside.data(), 2));
}

TEST(UnitRows, NotANumberIsNoUnit) {
  const std::vector<float> row{std::nanf(""), 1};
  EXPECT_FALSE(is_unit(row.data(), 2));
}

TEST(UnitRows, ErrorNamesTheEntryAndItsLength) {
  const std::vector<key::EntryId> ids{42};
  const std::vector<float> row{2, 0};
  const auto checked = check_rows(ids, {row.data(), 1, 2}, 2);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().what, "vector of entry 42 has length 2, expected 1");
}

TEST(UnitRows, QueryOfAnotherDimensionIsInvalid) {
  const std::vector<float> query{1, 0};
  EXPECT_EQ(check_query(query, 3).error().code, base::Code::invalid);
}

}  // namespace
}  // namespace refrain::index
