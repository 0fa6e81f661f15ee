#include "base/result.h"

#include <gtest/gtest.h>

#include <set>

#include "base/check.h"

namespace refrain::base {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Code::invalid, std::to_string(number) + " is odd");
  return number / 2;
}

Result<int> quarter(int number) {
  TRY(first, half(number));
  TRY(second, half(first));
  return second;
}

Result<> even(int number) {
  TRY_DO(half(number));
  return {};
}

TEST(Result, TryBindsTheValue) { EXPECT_EQ(quarter(12).value(), 3); }

TEST(Result, TryHandsTheErrorOnUnchanged) {
  Result<int> result = quarter(6);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::invalid);
  EXPECT_EQ(result.error().what, "3 is odd");
}

TEST(Result, TryDoHandsTheErrorOn) {
  EXPECT_TRUE(even(2));
  EXPECT_EQ(even(3).error().what, "3 is odd");
}

TEST(Result, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::internal); ++code) {
    names.insert(name(static_cast<Code>(code)));
  }
  EXPECT_EQ(names.size(), 12U);
}

TEST(CheckDeathTest, FailedCheckStopsTheProcessWithItsReason) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(CHECK(1 + 1 == 3, "arithmetic"), "check failed: 1 \\+ 1 == 3: arithmetic");
}

}  // namespace
}  // namespace refrain::base
