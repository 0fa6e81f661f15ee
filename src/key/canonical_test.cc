#include "key/canonical.h"

#include <gtest/gtest.h>

#include "key/identity.h"

namespace refrain::key {
namespace {

std::string of(std::string_view text) {
  std::string out;
  canonical(json::parse(text).value(), out);
  return out;
}

std::string of_number(std::string text) {
  std::string out;
  canonical(json::Number{std::move(text)}, out);
  return out;
}

TEST(Canonical, MemberOrderAndWhiteSpaceSayNothing) {
  EXPECT_EQ(of("{\"a\":1,\"b\":{\"x\":[],\"y\":true}}"),
            of(" {\"b\" : {\"y\":true, \"x\":[ ]} , \"a\" : 1 }"));
}

TEST(Canonical, ObjectsOfManyMembersSortToo) {
  std::string up = "{", down = "{";
  for (int i = 0; i < 100; ++i) {
    up += "\"n" + std::to_string(i) + "\":1,";
    down += "\"n" + std::to_string(99 - i) + "\":1,";
  }
  up.back() = down.back() = '}';
  EXPECT_EQ(of(up), of(down));
}

TEST(Canonical, EscapesSayNothing) {
  EXPECT_EQ(of("\"A\\u00e9/\""), of("\"\\u0041\xC3\xA9\\/\""));
  EXPECT_EQ(of("{\"\\u0061\":1}"), of("{\"a\":1}"));
}

TEST(Canonical, UnicodeIsNotNormalised) { EXPECT_NE(of("\"\\u00e9\""), of("\"e\\u0301\"")); }

TEST(Canonical, NumbersCountByValue) {
  for (std::string_view text : {"1.0", "10e-1", "0.1e1", "1E0", "1.000"}) {
    EXPECT_EQ(of(text), of("1")) << text;
  }
  EXPECT_EQ(of("-0"), of("0"));
  EXPECT_EQ(of("-0.0e5"), of("0"));
  EXPECT_NE(of("1"), of("-1"));
  EXPECT_NE(of("1"), of("10"));
  EXPECT_NE(of("1e1"), of("1e-1"));
}

TEST(Canonical, DigitsBeyondADoubleStillDiffer) {
  EXPECT_NE(of("0.1"), of("0.1000000000000000055511151231257827"));
  EXPECT_NE(of("9007199254740992"), of("9007199254740993"));
  EXPECT_NE(of("1e400"), of("1e401"));
}

TEST(Canonical, HugeExponentsNeitherHangNorMeet) {
  EXPECT_NE(of_number("1e999999999999"), of_number("1e999999999998"));
  EXPECT_EQ(of_number("10e999999999998"), of_number("1e999999999999"));
  EXPECT_NE(of_number("1e99999999999999999999999"), of_number("1e99999999999999999999998"));
  EXPECT_NE(of_number("1e99999999999999999999999"), of_number("1e-99999999999999999999999"));
}

TEST(Canonical, KindsNeverMeet) {
  std::vector<std::string> texts = {"null", "true", "false", "1",      "\"1\"",    "\"\"",    "[]",
                                    "{}",   "[[]]", "[1]",   "\"[]\"", "{\"\":1}", "[\"\",1]"};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(of(texts[i]), of(texts[j]));
  }
}

TEST(Canonical, TextCannotLookLikeStructure) {
  // Without lengths each of these pairs would be one.
  EXPECT_NE(of("[\"a\",\"sb\"]"), of("[\"as\",\"b\"]"));
  EXPECT_NE(of("{\"a\":\"sb\"}"), of("{\"as\":\"b\"}"));
  EXPECT_NE(of("[\"a\",\"b\"]"), of("[\"as\\u0001b\"]"));
  EXPECT_NE(of("[[1],2]"), of("[[1,2]]"));
  EXPECT_NE(of("{\"a\":\"b\",\"c\":\"d\"}"), of("{\"a\":\"bs\\u0001c\",\"d\":null}"));
}

}  // namespace
}  // namespace refrain::key
