#include <gtest/gtest.h>

#include "tests/property/json_values.h"

namespace refrain::property {
namespace {

TEST(JsonProperty, WhatIsWrittenIsReadBack) {
  EXPECT_TRUE(rc::check([] {
    json::Value value = any_value(4);
    base::Result<json::Value> back = json::parse(json::write(value));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == value);
  }));
}

TEST(JsonProperty, WhatIsReadOnceIsReadAgainTheSame) {
  EXPECT_TRUE(rc::check([] {
    std::string text = json::write(any_value(3));
    std::size_t at = pick(text.size());
    text[at] = *rc::gen::arbitrary<char>();
    base::Result<json::Value> once = json::parse(text);
    if (!once) return;
    base::Result<json::Value> twice = json::parse(json::write(*once));
    RC_ASSERT(twice.has_value());
    RC_ASSERT(*twice == *once);
  }));
}

TEST(JsonProperty, NothingButTheWholeTextIsRead) {
  EXPECT_TRUE(rc::check([] {
    std::string text = "[" + json::write(any_value(3)) + "]";
    std::size_t size = pick(text.size());
    RC_ASSERT(!json::parse(text.substr(0, size)).has_value());
  }));
}

}  // namespace
}  // namespace refrain::property
