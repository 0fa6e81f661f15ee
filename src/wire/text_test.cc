#include "wire/text.h"

#include <gtest/gtest.h>

namespace refrain::wire {
namespace {

TEST(Readable, ValidTextIsKept) {
  std::string text = "a\u00e9\u20ac\U0001F600";
  EXPECT_EQ(readable(text), text);
}

TEST(Readable, EveryForeignByteBecomesAMark) {
  EXPECT_EQ(readable("a\xFF" "b\xC3"), "a?b?");
  EXPECT_EQ(readable("\xC0\x80"), "??");
  EXPECT_EQ(readable("\xED\xA0\x80"), "???");
  EXPECT_EQ(readable("\xE0\x80\x80|\xF0\x80\x80\x80|\xF4\x90\x80\x80"), "???|????|????");
}

TEST(Pieces, JoinToTheTextAndEndAfterSpaces) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "word" + std::to_string(i) + (i % 7 == 0 ? "  " : " ");
  auto cut = pieces(text);
  EXPECT_GT(cut.size(), 5U);
  EXPECT_LE(cut.size(), 17U);
  std::string joined;
  for (std::string_view piece : cut) {
    EXPECT_TRUE(piece.ends_with(' '));
    joined += piece;
  }
  EXPECT_EQ(joined, text);
}

TEST(Pieces, ShortTextAndTextWithoutSpacesStayWhole) {
  EXPECT_EQ(pieces("a b c").size(), 1U);
  EXPECT_EQ(pieces(std::string(5000, 'x')).size(), 1U);
  EXPECT_EQ(pieces("").size(), 0U);
}

}  // namespace
}  // namespace refrain::wire
