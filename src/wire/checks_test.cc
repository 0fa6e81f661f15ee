#include "wire/checks.h"

#include <gtest/gtest.h>

namespace refrain::wire {
namespace {

json::Value value(std::string_view text) { return *json::parse(text); }

TEST(Checks, ErrorBeginsWithTheMember) {
  json::Value number = json::Value::of(std::int64_t{1});
  EXPECT_EQ(wrong("messages", "an array", &number).error().what,
            "'messages' must be an array, it is number");
  EXPECT_EQ(wrong("inputs", "a string", nullptr).error().what,
            "'inputs' is required and must be a string");
}

TEST(Checks, BodyMustBeAnObjectWithoutDuplicates) {
  EXPECT_TRUE(read_object("{\"a\":1}"));
  EXPECT_FALSE(read_object("[1]"));
  EXPECT_FALSE(read_object("{\"a\":1,\"a\":2}"));
  EXPECT_FALSE(read_object("{\"a\":1"));
}

TEST(Checks, DepthBombIsTooLarge) {
  std::string bomb = "{\"a\":" + std::string(70, '[') + std::string(70, ']') + "}";
  auto read = read_object(bomb);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::Code::too_large);
}

TEST(Checks, UpstreamsMayRepeatANameTheLastCounts) {
  auto read = read_foreign("{\"a\":1,\"a\":2}");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->find("a")->as_int(), 2);
}

TEST(Checks, FlagIsABooleanOrNothing) {
  EXPECT_EQ(*read_flag(value("{\"stream\":true}"), "stream"), true);
  EXPECT_EQ(*read_flag(value("{\"stream\":null}"), "stream"), false);
  EXPECT_EQ(*read_flag(value("{}"), "stream"), false);
  EXPECT_FALSE(read_flag(value("{\"stream\":\"yes\"}"), "stream"));
}

TEST(Checks, ErrorObjectIsToldFromEmptyErrorMembers) {
  EXPECT_EQ(error_message(value(R"({"error":{"message":"no"}})")), "no");
  EXPECT_EQ(error_message(value(R"({"error":"no"})")), "no");
  EXPECT_EQ(error_message(value(R"({"error":{"code":1}})")), "");
  for (const char* none : {R"({"error":null})", R"({"error":{}})", R"({"error":""})", "{}",
                           R"({"error":false})", R"({"error":[]})"}) {
    EXPECT_EQ(error_message(value(none)), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace refrain::wire
