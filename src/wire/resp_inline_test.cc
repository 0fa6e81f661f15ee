#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/resp.h"

namespace refrain::wire::resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words(std::string_view text) {
  auto split = split_inline(text);
  return split ? *split : std::vector<std::string>{"<refused>"};
}

TEST(RespInline, WordsAreSplitAtSpaces) {
  EXPECT_THAT(words("  SET  key\tvalue "), ElementsAre("SET", "key", "value"));
  EXPECT_THAT(words("   "), IsEmpty());
}

TEST(RespInline, QuotesKeepSpacesAndEscapes) {
  EXPECT_THAT(words(R"(a "b c" 'd e' "\x41\n\"" '\'')"),
              ElementsAre("a", "b c", "d e", "A\n\"", "'"));
  EXPECT_THAT(words(R"(x"y z")"), ElementsAre("xy z"));
}

TEST(RespInline, UnbalancedQuotesAreRefused) {
  for (const char* text : {"\"a", "'a", "\"a\"b", "'a'b", "\"a\\"}) {
    EXPECT_THAT(words(text), ElementsAre("<refused>")) << text;
  }
}

}  // namespace
}  // namespace refrain::wire::resp
