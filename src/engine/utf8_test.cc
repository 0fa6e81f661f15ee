#include "engine/utf8.h"

#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

TEST(Utf8, TheBeginningOfACharacterIsUnfinished) {
  EXPECT_EQ(unfinished("a"), 0U);
  EXPECT_EQ(unfinished("\xC3"), 1U);
  EXPECT_EQ(unfinished("\xC3\xA9"), 0U);
  EXPECT_EQ(unfinished("x\xE2\x82"), 2U);
  EXPECT_EQ(unfinished("\xF0\x9F\x98"), 3U);
  EXPECT_EQ(unfinished("\xF0\x9F\x98\x80"), 0U);
}

TEST(Utf8, WhatNoByteCanMendIsNotUnfinished) {
  EXPECT_EQ(unfinished("\xFF"), 0U);
  EXPECT_EQ(unfinished("\x80\x80\x80"), 0U);
  EXPECT_EQ(unfinished("\xED\xA0"), 0U);
}

TEST(Utf8, BadBytesBecomeTheReplacementCharacter) {
  EXPECT_EQ(readable("a\xC3\xA9"), "a\xC3\xA9");
  EXPECT_EQ(readable("a\xFF"), "a\xEF\xBF\xBD");
  EXPECT_EQ(readable("\xE2\x82x"), "\xEF\xBF\xBDx");
  EXPECT_EQ(readable("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace refrain::engine
