#include <gtest/gtest.h>

#include <tuple>

#include "wire/resp.h"

namespace refrain::wire::resp {
namespace {

TEST(RespGlob, MatchesAsRedisDoes) {
  const std::tuple<const char*, const char*, bool> cases[] = {
      {"*", "", true},          {"*", "anything", true},   {"h?llo", "hello", true},
      {"h?llo", "hllo", false}, {"h*llo", "heeello", true}, {"h[ae]llo", "hallo", true},
      {"h[ae]llo", "hillo", false}, {"h[^e]llo", "hallo", true}, {"h[^e]llo", "hello", false},
      {"h[a-c]llo", "hbllo", true}, {"h[c-a]llo", "hbllo", true}, {"h\\*llo", "h*llo", true},
      {"h\\*llo", "hello", false}, {"*a*b", "xxaxxbxxb", true}, {"*a*b", "xxaxxbxx", false},
      {"", "", true},           {"", "x", false},          {"[", "[", false},
      {"a[\\]]b", "a]b", true}, {"model@*@00@*", "model@1@00@ff", true}};
  for (const auto& [pattern, text, fits] : cases) {
    EXPECT_EQ(glob_matches(pattern, text), fits) << pattern << " " << text;
  }
}

// A matcher that recurses for each star would not end on this.
TEST(RespGlob, ManyStarsDoNotExplode) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace refrain::wire::resp
