#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/value.h"

namespace refrain::json {
namespace {

using base::Code;
using testing::HasSubstr;

std::string again(std::string_view text) {
  base::Result<Value> value = parse(text);
  return value ? write(*value) : value.error().what;
}

Code code(std::string_view text, const Limits& limits = {}) {
  base::Result<Value> value = parse(text, limits);
  EXPECT_FALSE(value) << text;
  return value ? Code::internal : value.error().code;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonParse, EveryKindIsReadInOrder) {
  EXPECT_EQ(again(" {\"z\" : [ 1 , true,false , null ], \"a\":{}, \"s\":\"x\" } \n"),
            "{\"z\":[1,true,false,null],\"a\":{},\"s\":\"x\"}");
  EXPECT_EQ(again("\"alone\""), "\"alone\"");
  EXPECT_EQ(again("[]"), "[]");
}

TEST(JsonParse, NumbersKeepTheirText) {
  for (std::string_view text :
       {"0", "-0", "-0.0", "1.50", "1E5", "1e+5", "1e-5", "0.1", "1e400", "-1e-400", "0e1",
        "18446744073709551616", "123456789012345678901234567890.123456789012345678901234567890",
        "3.14159265358979323846", "-9223372036854775809", "1234567890123456.5", "0.0001"}) {
    EXPECT_EQ(again(text), text);
    EXPECT_EQ(again("[" + std::string(text) + "]"), "[" + std::string(text) + "]");
    EXPECT_EQ(again("{\"n\":" + std::string(text) + ",\"pad\":\"0123456789012345678901234567\"}"),
              "{\"n\":" + std::string(text) + ",\"pad\":\"0123456789012345678901234567\"}");
  }
}

TEST(JsonParse, NumberOfAHundredThousandDigitsIsKept) {
  std::string text = "0." + std::string(50000, '7') + std::string(50000, '0');
  EXPECT_EQ(again(text), text);
}

TEST(JsonParse, ExponentBeyondThirtyTwoBitsIsRefused) {
  EXPECT_THAT(again("1e999999999999"), HasSubstr("exponent"));
}

TEST(JsonParse, WhatIsNoNumberIsRefused) {
  for (std::string_view text : {"01", "+1", ".5", "1.", "1e", "1e+", "-", "--1", "0x10", "NaN",
                                "Infinity", "-Infinity", "1_0", "- 1", "00", "-01"}) {
    EXPECT_EQ(code(text), Code::invalid);
    EXPECT_EQ(code("[" + std::string(text) + "                                      ]"),
              Code::invalid);
  }
}

TEST(JsonParse, SyntaxOutsideTheStandardIsRefused) {
  for (std::string_view text : {"",
                                " ",
                                "{",
                                "[1,]",
                                "{\"a\":1,}",
                                "{a:1}",
                                "{'a':1}",
                                "[1 2]",
                                "{\"a\" 1}",
                                "nul",
                                "TRUE",
                                "// c\n1",
                                "1 /* c */",
                                "[1]]",
                                "1 2",
                                "\"open",
                                "{\"a\":}",
                                "[,]",
                                "\xef\xbb\xbf"
                                "1",
                                "\"tab\there\"",
                                "\"\\x\"",
                                "\"\\u12\""}) {
    EXPECT_EQ(code(text), Code::invalid);
  }
  EXPECT_EQ(code(std::string_view("[1]\0", 4)), Code::invalid);
}

TEST(JsonParse, ErrorNamesTheByte) {
  EXPECT_EQ(again("[1,2,x]"), "JSON: syntax error at byte 5");
  EXPECT_EQ(again("[\"\xff\"]"), "JSON: no UTF-8, or a character outside of a string, at byte 2");
  EXPECT_EQ(again("[1] 2"), "JSON: something after the end at byte 4");
  EXPECT_EQ(again("[1,"), "JSON: the text ends too early at byte 3");
}

TEST(JsonParse, EscapesBecomeUtf8) {
  EXPECT_EQ(*parse("\"\\u0041\\n\\/\\u00e9\\u20ac\\ud83d\\ude00\"")->string(),
            "A\n/\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(*parse("\"a\\u0000b\"")->string(), std::string("a\0b", 3));
}

TEST(JsonParse, LongStringsWithEscapesAreWhole) {
  std::string text, value;
  for (int i = 0; i < 5000; ++i) {
    text += "ab\\n\\u00e9";
    value += "ab\n\xC3\xA9";
  }
  EXPECT_EQ(*parse("\"" + text + "\"")->string(), value);
  EXPECT_EQ(parse("{\"" + text + "\":1}")->object()->front().name, value);
}

TEST(JsonParse, LoneSurrogatesAreRefused) {
  for (std::string_view text : {"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\n\"",
                                "\"\\ud800\\ud800\"", "{\"\\udfff\":1}"}) {
    EXPECT_EQ(code(text), Code::invalid);
  }
}

TEST(JsonParse, BadUtf8IsRefused) {
  for (std::string_view text :
       {"\"\x80\"", "\"\xC3\"", "\"\xC0\x80\"", "\"\xE2\x82\"", "\"\xED\xA0\x80\"",
        "\"\xF4\x90\x80\x80\"", "\"\xF8\x88\x80\x80\x80\"", "\"\xFF\"", "{\"\xC3(\":1}",
        "\"abcdefghijklmnopqrstuvwxyz\xE0\x80\x80 more text behind it\""}) {
    EXPECT_EQ(code(text), Code::invalid);
  }
}

TEST(JsonParse, DepthIsBounded) {
  EXPECT_TRUE(parse(nested(64)));
  EXPECT_EQ(code(nested(65)), Code::too_large);
  EXPECT_EQ(code(std::string(10'000'000, '[')), Code::too_large);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  EXPECT_EQ(code(objects), Code::too_large);
  EXPECT_TRUE(parse(nested(3), {.depth_max = 3}));
  EXPECT_EQ(code(nested(4), {.depth_max = 3}), Code::too_large);
}

TEST(JsonParse, NameTwiceIsRefused) {
  EXPECT_EQ(again("{\"a\":1,\"b\":2,\"\\u0061\":3}"),
            "JSON: the name \"a\" twice in the object that ends at byte 23");
  EXPECT_EQ(code("{\"\":1,\"\":2}"), Code::invalid);
  EXPECT_EQ(again("[{\"a\":1},{\"a\":1}]"), "[{\"a\":1},{\"a\":1}]");
}

TEST(JsonParse, LastOfEqualNamesIsKeptIfAskedFor) {
  Limits limits{.duplicates = Duplicates::keep_last};
  EXPECT_EQ(write(*parse("{\"a\":1,\"b\":2,\"a\":3,\"a\":4}", limits)), "{\"b\":2,\"a\":4}");
}

TEST(JsonParse, NameTwiceIsFoundInLargeObjectsToo) {
  std::string text = "{\"n0\":0";
  for (int i = 1; i < 20000; ++i) text += ",\"n" + std::to_string(i) + "\":" + std::to_string(i);
  EXPECT_EQ(parse(text + "}")->object()->size(), 20000U);
  EXPECT_EQ(code(text + ",\"n7\":1}"), Code::invalid);
  base::Result<Value> last = parse(text + ",\"n7\":1}", {.duplicates = Duplicates::keep_last});
  EXPECT_EQ(last->object()->size(), 20000U);
  EXPECT_EQ(last->find("n7")->as_int(), 1);
}

}  // namespace
}  // namespace refrain::json
