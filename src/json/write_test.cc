#include <gtest/gtest.h>

#include "json/value.h"

namespace refrain::json {
namespace {

std::string as_text(std::string_view text) {
  std::string out;
  quote(text, out);
  return out;
}

TEST(JsonWrite, OnlyWhatMustBeEscapedIs) {
  EXPECT_EQ(as_text("a/b\x7f\xC3\xA9"), "\"a/b\x7f\xC3\xA9\"");
  EXPECT_EQ(as_text("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
  EXPECT_EQ(as_text(std::string_view("\0\x1f", 2)), "\"\\u0000\\u001f\"");
}

TEST(JsonWrite, EveryByteIsReadBackAtEveryPlaceOfAWord) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text(20, 'x');
      text[place] = static_cast<char>(byte);
      base::Result<Value> back = parse(as_text(text));
      ASSERT_TRUE(back) << byte;
      EXPECT_EQ(*back->string(), text);
    }
  }
}

TEST(JsonWrite, ContainersAreCompact) {
  Value value(Object{{"a", Array{true, nullptr, Number{"1.0"}}}, {"b", Object{}}, {"c", Array{}}});
  EXPECT_EQ(write(value), "{\"a\":[true,null,1.0],\"b\":{},\"c\":[]}");
}

TEST(JsonWrite, TextIsAppended) {
  std::string out = "data: ";
  write(Value("x"), out);
  EXPECT_EQ(out, "data: \"x\"");
}

}  // namespace
}  // namespace refrain::json
