#include "embed/unicode.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::embed::unicode {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<unsigned> points(std::string_view text) {
  std::vector<unsigned> out;
  for (std::size_t at = 0; at < text.size();) out.push_back(next(text, at));
  return out;
}

std::vector<unsigned> folded(char32_t point) {
  const Folded result = fold(point);
  return {result.points.begin(), result.points.begin() + static_cast<long>(result.count)};
}

TEST(Unicode, EveryLengthOfUtf8IsRead) {
  EXPECT_THAT(points("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8D\x95"),
              ElementsAre('a', 0xE9, 0x20AC, 0x1F355));
}

TEST(Unicode, BrokenBytesAreReplacedOneByOne) {
  EXPECT_THAT(points("\x80"), ElementsAre(0xFFFD));
  EXPECT_THAT(points("\xC3"), ElementsAre(0xFFFD));
  EXPECT_THAT(points("\xC0\x80"), ElementsAre(0xFFFD, 0xFFFD));
  EXPECT_THAT(points("\xED\xA0\x80"), ElementsAre(0xFFFD, 0xFFFD, 0xFFFD));
  EXPECT_THAT(points("\xE2\x82z"), ElementsAre(0xFFFD, 0xFFFD, 'z'));
}

TEST(Unicode, AppendedPointsAreReadBack) {
  for (const char32_t point : {0x41U, 0x7FFU, 0xFFFFU, 0x10FFFFU}) {
    std::string text;
    append(text, point);
    EXPECT_THAT(points(text), ElementsAre(point));
  }
}

TEST(Unicode, AccentsGoAndCapitalsFall) {
  EXPECT_THAT(folded('Q'), ElementsAre('q'));
  EXPECT_THAT(folded(0xC9), ElementsAre('e'));
  EXPECT_THAT(folded(0x1EBF), ElementsAre('e'));   // e with circumflex and acute
  EXPECT_THAT(folded(0x130), ElementsAre('i'));    // capital i with dot
  EXPECT_THAT(folded(0x410), ElementsAre(0x430));  // Cyrillic
  EXPECT_THAT(folded(0x301), IsEmpty());           // combining acute
}

TEST(Unicode, LettersWithoutDecompositionStay) {
  EXPECT_THAT(folded(0xDF), ElementsAre(0xDF));
  EXPECT_THAT(folded(0xF8), ElementsAre(0xF8));
}

TEST(Unicode, HangulBecomesItsLetters) {
  EXPECT_THAT(folded(0xAC00), ElementsAre(0x1100, 0x1161));
  EXPECT_THAT(folded(0xD55C), ElementsAre(0x1112, 0x1161, 0x11AB));
}

TEST(Unicode, SpacingVowelSignsStayAndNonspacingOnesGo) {
  EXPECT_THAT(folded(0x93F), ElementsAre(0x93F));
  EXPECT_THAT(folded(0x941), IsEmpty());
  EXPECT_THAT(folded(0x9CB), ElementsAre(0x9C7, 0x9BE));
}

TEST(Unicode, CompatibilityIdeographsBecomeTheirTwins) {
  EXPECT_THAT(folded(0xF900), ElementsAre(0x8C48));
  EXPECT_TRUE(is_cjk(0xF900));
}

TEST(Unicode, KindsOfCharacters) {
  EXPECT_TRUE(is_space(0x3000));
  EXPECT_FALSE(is_space(0x200B));
  EXPECT_TRUE(is_control(0x200B));
  EXPECT_TRUE(is_punctuation('$'));
  EXPECT_TRUE(is_punctuation(0x2014));
  EXPECT_FALSE(is_punctuation(0x20AC));
  EXPECT_FALSE(is_cjk(0x3042));
}

TEST(Unicode, BlankTextHoldsNothingToRead) {
  EXPECT_TRUE(blank(""));
  EXPECT_TRUE(blank(" \t\n\xE3\x80\x80\xE2\x80\x8B"));
  EXPECT_FALSE(blank(" . "));
}

}  // namespace
}  // namespace refrain::embed::unicode
