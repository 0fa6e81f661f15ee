#include "upstream/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::upstream {
namespace {

using testing::HasSubstr;

Options two() {
  return {.upstreams = {{.name = "a", .url = "http://a"}, {.name = "b", .url = "http://b"}},
          .routes = {{"big", "b"}, {"small-*", "b"}, {"small-1", "a"}}};
}

TEST(UpstreamOptions, AModelWithoutRouteGoesToTheFirst) {
  EXPECT_EQ(choose(two(), "other").name, "a");
  EXPECT_EQ(choose(two(), "").name, "a");
}

TEST(UpstreamOptions, ARouteNamesAModelOrItsBeginning) {
  EXPECT_EQ(choose(two(), "big").name, "b");
  EXPECT_EQ(choose(two(), "bigger").name, "a");
  EXPECT_EQ(choose(two(), "small-7").name, "b");
}

TEST(UpstreamOptions, TheFirstRouteThatFitsCounts) {
  EXPECT_EQ(choose(two(), "small-1").name, "b");
}

TEST(UpstreamOptions, BasesWithAndWithoutVersionGiveOneAddress) {
  for (const char* base : {"http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"}) {
    EXPECT_EQ(join(base, "/v1/models?x=1"), "http://h:1/v1/models?x=1") << base;
    EXPECT_EQ(join(base, "/generate"), "http://h:1/generate") << base;
  }
  EXPECT_EQ(join("https://h/openai/v1", "/v1/models"), "https://h/openai/v1/models");
}

TEST(UpstreamOptions, ErrorsNameTheValue) {
  EXPECT_FALSE(Options{}.check());
  Options wrong = two();
  wrong.upstreams[1].url = "b:80";
  EXPECT_THAT(wrong.check().error().what, HasSubstr("upstream b: 'b:80'"));
  wrong = two();
  wrong.routes[0].upstream = "c";
  EXPECT_THAT(wrong.check().error().what, HasSubstr("'c'"));
  wrong = two();
  wrong.upstreams[1].name = "a";
  EXPECT_THAT(wrong.check().error().what, HasSubstr("two upstreams are named a"));
  wrong = two();
  wrong.retry_share = 2;
  EXPECT_THAT(wrong.check().error().what, HasSubstr("share 2"));
  EXPECT_TRUE(two().check());
}

}  // namespace
}  // namespace refrain::upstream
