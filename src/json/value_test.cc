#include "json/value.h"

#include <gtest/gtest.h>

#include <limits>

namespace refrain::json {
namespace {

Value number(std::string text) { return Number{std::move(text)}; }

TEST(JsonValue, KindsHaveNames) {
  EXPECT_EQ(Value().kind(), "null");
  EXPECT_EQ(Value(true).kind(), "boolean");
  EXPECT_EQ(number("1").kind(), "number");
  EXPECT_EQ(Value("x").kind(), "string");
  EXPECT_EQ(Value(Array()).kind(), "array");
  EXPECT_EQ(Value(Object()).kind(), "object");
}

TEST(JsonValue, IntegersAreExactInEveryWriting) {
  for (const char* text : {"100", "100.0", "1e2", "1.00E+2", "10000e-2"}) {
    EXPECT_EQ(number(text).as_int(), 100) << text;
  }
  EXPECT_EQ(number("-0").as_int(), 0);
  EXPECT_EQ(number("9007199254740993").as_int(), 9007199254740993);
}

TEST(JsonValue, IntegerLimitsAreTheLimitsOfTheType) {
  EXPECT_EQ(number("9223372036854775807").as_int(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(number("9223372036854775808").as_int(), std::nullopt);
  EXPECT_EQ(number("-9223372036854775808").as_int(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(number("-9223372036854775809").as_int(), std::nullopt);
}

TEST(JsonValue, WhatIsNoIntegerIsNone) {
  for (const char* text :
       {"0.5", "1e-1", "1e19", "1e400", "1e999999999999", "1e99999999999999999999"}) {
    EXPECT_EQ(number(text).as_int(), std::nullopt) << text;
  }
  EXPECT_EQ(Value("1").as_int(), std::nullopt);
}

TEST(JsonValue, DoublesAreTheNearestOnes) {
  EXPECT_EQ(number("0.1").as_double(), 0.1);
  EXPECT_EQ(number("1e308").as_double(), 1e308);
  EXPECT_EQ(number("1e400").as_double(), std::nullopt);
  EXPECT_EQ(number("1e-400").as_double(), 0.0);
  EXPECT_EQ(Value("x").as_double(), std::nullopt);
}

TEST(JsonValue, NumbersAreMadeOfTheShortestText) {
  EXPECT_EQ(write(Value::of(0.1)), "0.1");
  EXPECT_EQ(write(Value::of(1.0)), "1");
  EXPECT_EQ(write(Value::of(std::numeric_limits<double>::max())), "1.7976931348623157e+308");
  EXPECT_EQ(write(Value::of(std::int64_t{-5})), "-5");
  EXPECT_EQ(write(Value::of(std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
}

TEST(JsonValue, NoNumberAndInfinityBecomeNull) {
  EXPECT_TRUE(Value::of(std::numeric_limits<double>::quiet_NaN()).is_null());
  EXPECT_TRUE(Value::of(-std::numeric_limits<double>::infinity()).is_null());
}

TEST(JsonValue, MembersAreSetInPlaceOrAdded) {
  Value value;
  value.set("a", "1");
  value.set("b", "2");
  value.set("a", "3");
  EXPECT_EQ(write(value), "{\"a\":\"3\",\"b\":\"2\"}");
  EXPECT_EQ(value.text("a"), "3");
  EXPECT_EQ(value.text("none"), "");
}

TEST(JsonValue, MembersAreRemoved) {
  Value value(Object{{"a", 1 == 1}, {"b", nullptr}});
  EXPECT_TRUE(value.remove("a"));
  EXPECT_FALSE(value.remove("a"));
  EXPECT_EQ(value.find("a"), nullptr);
  EXPECT_NE(value.find("b"), nullptr);
  EXPECT_FALSE(Value("x").remove("a"));
}

TEST(JsonValueDeathTest, MemberOfAStringIsAProgrammersError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Value text("x");
  EXPECT_DEATH(text.set("a", 1 == 1), "in an object only");
}

}  // namespace
}  // namespace refrain::json
