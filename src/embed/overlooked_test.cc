#include "embed/overlooked.h"

#include <gtest/gtest.h>

namespace refrain::embed {
namespace {

// Spells every word of a to z, and nothing else.
WordPiece letters() {
  std::vector<llama::VocabularyEntry> words = {{"[UNK]", true}};
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    words.push_back({std::string("\u2581") + letter});
    words.push_back({std::string(1, letter)});
  }
  auto made = WordPiece::make(words, 0, {});
  EXPECT_TRUE(made);
  return *std::move(made);
}

TEST(Overlooked, MarksThatTheModelNeverSeesAreFound) {
  EXPECT_EQ(overlooked(letters(), "my r\u00e9sum\u00e9", "my resume"), "r\u00e9sum\u00e9");
  EXPECT_EQ(overlooked(letters(), "ma", "m\u00e0"), "ma");
  EXPECT_EQ(overlooked(letters(), "\u1ea1n \u1ea3n", "\u1ea1n"), "\u1ea3n");
}

TEST(Overlooked, WordsWithoutATokenAreFound) {
  EXPECT_EQ(overlooked(letters(), "so \U0001F600", "so \U0001F622"), "\U0001F600");
  EXPECT_EQ(overlooked(letters(), "so", "so \U0001F622"), "\U0001F622");
}

TEST(Overlooked, WhatTheModelSeesIsNotItsConcern) {
  EXPECT_EQ(overlooked(letters(), "wie \u00e4ndere ich", "wie kann ich \u00e4ndern"), "");
  EXPECT_EQ(overlooked(letters(), "capital of france", "capital of norway"), "");
}

TEST(Overlooked, WordsThatBothTextsWriteAlikeAreNoDifference) {
  EXPECT_EQ(overlooked(letters(), "caf\u00e9 \U0001F600 now", "now \U0001F600 caf\u00e9"), "");
  EXPECT_EQ(overlooked(letters(), "resume r\u00e9sum\u00e9", "r\u00e9sum\u00e9 or resume"), "");
}

TEST(Overlooked, CaseAndVariationSelectorsAreNoDifference) {
  EXPECT_EQ(overlooked(letters(), "CAF\u00c9 \u01af\u1edbt", "caf\u00e9 \u01b0\u1edbt"), "");
  EXPECT_EQ(overlooked(letters(), "so \u2764\uFE0F", "so \u2764"), "");
}

TEST(Overlooked, BrokenBytesAndEmptyTextsAreFine) {
  EXPECT_EQ(overlooked(letters(), "", ""), "");
  EXPECT_EQ(overlooked(letters(), "\xFF\xC3 a", "a"), "");
}

}  // namespace
}  // namespace refrain::embed
