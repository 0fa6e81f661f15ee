#include "engine/speech.h"

#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

// What is shown of the pieces, joined with bars to show where the cuts are.
std::string say(Speech& speech, std::vector<std::string> pieces) {
  std::string out;
  for (const std::string& piece : pieces) out += speech.add(piece) + "|";
  return out + speech.finish();
}

TEST(Speech, PlainTextIsShownAsItComes) {
  Speech speech({});
  EXPECT_EQ(say(speech, {"one", " two"}), "one| two|");
}

TEST(Speech, AStopSequenceAcrossTokensIsNeverShown) {
  Speech speech({"STOP"});
  EXPECT_EQ(say(speech, {"a S", "TO", "P b", "c"}), "a |||" "|");
  EXPECT_TRUE(speech.stopped());
  EXPECT_EQ(speech.stop(), "STOP");
}

TEST(Speech, WhatOnlyLookedLikeAStopIsShownLater) {
  Speech speech({"STOP"});
  EXPECT_EQ(say(speech, {"a ST", "ART"}), "a |START|");
  EXPECT_FALSE(speech.stopped());
}

TEST(Speech, AHeldBeginningIsShownAtTheEnd) {
  Speech speech({"STOP"});
  EXPECT_EQ(say(speech, {"a ST"}), "a |ST");
}

TEST(Speech, TheFirstOfSeveralStopsCounts) {
  for (const std::vector<std::string>& stops :
       {std::vector<std::string>{"two", "one"}, std::vector<std::string>{"one", "two"}}) {
    Speech speech(stops);
    EXPECT_EQ(say(speech, {"zero one two"}), "zero |");
    EXPECT_EQ(speech.stop(), "one");
  }
}

TEST(Speech, HalfACharacterIsHeldBack) {
  Speech speech({});
  EXPECT_EQ(say(speech, {"\xF0\x9F", "\x98\x80", "\xC3"}), "|\xF0\x9F\x98\x80||\xEF\xBF\xBD");
}

TEST(Speech, AStopThatBeginsInsideACharacterDoesNotSplitIt) {
  Speech speech({"\xA9!"});
  EXPECT_EQ(say(speech, {"e\xC3\xA9", "?"}), "e|\xC3\xA9?|");
}

TEST(Speech, OverlappingBeginningsAreHeldAtTheirLongest) {
  Speech speech({"aab"});
  EXPECT_EQ(say(speech, {"aa", "ab"}), "|a|");
  EXPECT_TRUE(speech.stopped());
}

}  // namespace
}  // namespace refrain::engine
