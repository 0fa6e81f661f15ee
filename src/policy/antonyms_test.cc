#include "policy/antonyms.h"

#include <gtest/gtest.h>

#include "policy/lexical.h"

namespace refrain::policy {
namespace {

bool opposed(std::string_view a, std::string_view b) {
  for (const Pole mine : poles_of(stem(a))) {
    for (const Pole theirs : poles_of(stem(b))) {
      if (mine.pair == theirs.pair && mine.left != theirs.left) {
        return true;
      }
    }
  }
  return false;
}

TEST(Antonyms, FormsOfOppositesAreOpposed) {
  EXPECT_TRUE(opposed("buying", "sells"));
  EXPECT_TRUE(opposed("awake", "asleep"));
  EXPECT_TRUE(opposed("vorteile", "nachteile"));
}

TEST(Antonyms, WordsOfOneEndAreNot) {
  EXPECT_FALSE(opposed("enable", "activate"));
  EXPECT_TRUE(poles_of("table").empty());
}

TEST(Antonyms, AWordMayBeAnEndOfSeveralPairs) {
  EXPECT_TRUE(opposed("short", "long") && opposed("short", "tall"));
}

TEST(Antonyms, ANegationIsInNoPair) {
  for (const char* word : {"never", "without", "none", "ohne", "sin"}) {
    EXPECT_TRUE(poles_of(stem(word)).empty()) << word;
  }
}

TEST(Antonyms, ChineseIsFoundWithinTheText) {
  std::vector<Pole> poles;
  add_poles_within("\u600e\u4e48\u6253\u5f00\u84dd\u7259", poles);
  ASSERT_EQ(poles.size(), 1U);
  EXPECT_FALSE(pole_name(poles[0]).empty());
}

}  // namespace
}  // namespace refrain::policy
