#include "net/target.h"

#include <gtest/gtest.h>

namespace refrain::net {
namespace {

TEST(Target, PathIsDecodedAndQueryIsLeftRaw) {
  const auto target = split_target("/v1/a%20b%2Fc?x=%20y&z");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/a b/c");
  EXPECT_EQ(target->query, "x=%20y&z");
}

TEST(Target, AbsoluteFormLosesSchemeAndHost) {
  EXPECT_EQ(split_target("http://host:80/a?b")->path, "/a");
  EXPECT_EQ(split_target("http://host:80/a?b")->query, "b");
  EXPECT_EQ(split_target("https://host")->path, "/");
  EXPECT_EQ(split_target("https://host?q")->query, "q");
  EXPECT_EQ(split_target("https://host?q")->path, "/");
}

TEST(Target, StarIsItself) { EXPECT_EQ(split_target("*")->path, "*"); }

TEST(Target, BadEscapesAndNulAreRefused) {
  for (const char* bad : {"/%", "/%2", "/%zz", "/%g0", "/a%00b", "/%0"}) {
    EXPECT_FALSE(split_target(bad)) << bad;
  }
  EXPECT_FALSE(split_target(std::string_view("/a\0b", 4)));
}

TEST(Target, OtherFormsAreRefused) {
  for (const char* bad : {"", "host:80", "a/b", "://x/", "http:///x", "?q", "a?x=http://h/"}) {
    EXPECT_FALSE(split_target(bad)) << bad;
  }
}

TEST(Target, PercentInTheQueryIsNotLookedAt) {
  EXPECT_EQ(split_target("/a?%zz")->query, "%zz");
}

}  // namespace
}  // namespace refrain::net
