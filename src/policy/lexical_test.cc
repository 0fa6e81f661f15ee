#include "policy/lexical.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace refrain::policy {
namespace {

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (const Word& word : read(text).words) {
    out.push_back(word.text);
  }
  return out;
}
using Words = std::vector<std::string>;

TEST(Lexical, WordsKeepWhatHoldsThemTogether) {
  EXPECT_EQ(words("Isn't e-mail via node.js 3.10.2 (c++), done?"),
            (Words{"isn't", "e-mail", "via", "node.js", "3.10.2", "c++", "done"}));
}

TEST(Lexical, CurrencyAndPercentAreWords) {
  EXPECT_EQ(words("$5, 5\u20ac or 5 %"), (Words{"usd", "5", "5", "eur", "or", "5", "percent"}));
  EXPECT_EQ(words("echo $HOME"), (Words{"echo", "home"}));
}

TEST(Lexical, ChineseCharactersAreWords) {
  EXPECT_EQ(words("\u4f60\u597d2023"), (Words{"\u4f60", "\u597d", "2023"}));
}

TEST(Lexical, SentenceStartsAndCapitalsAreSeen) {
  const Reading reading = read("Go home. NASA and iPhone");
  ASSERT_EQ(reading.words.size(), 5U);
  EXPECT_TRUE(reading.words[0].starts_sentence && reading.words[0].capital);
  EXPECT_FALSE(reading.words[1].starts_sentence);
  EXPECT_TRUE(reading.words[2].starts_sentence && reading.words[2].all_capitals);
  EXPECT_TRUE(reading.words[4].camel);
}

TEST(Lexical, LowerCaseCoversUmlautsGreekAndCyrillic) {
  EXPECT_EQ(read("\u00dcBER \u0391 \u041c\u041e").normal, "\u00fcber \u03b1 \u043c\u043e");
}

TEST(Lexical, NormalFormForgetsSpacesCaseAndFinalPunctuation) {
  EXPECT_EQ(read("  What\u00a0is  THIS ?! ").normal, "what is this");
}

TEST(Lexical, SpansAreFoundByKind) {
  const Reading reading =
      read("see `a  b`, \"Good day.\" at https://x.org/y or me@x.org in /etc/x, it's");
  Words spans;
  for (const Span& span : reading.spans) {
    spans.push_back(span.text);
  }
  std::ranges::sort(spans);
  EXPECT_EQ(spans, (Words{"/etc/x", "a b", "good day", "https://x.org/y", "me@x.org"}));
}

TEST(Lexical, FormsOfOneWordMeet) {
  for (const auto& [a, b] : {std::pair("stopped", "stop"), {"stopping", "stops"},
                             {"increasing", "increase"}, {"selling", "sell"}, {"cities", "city"},
                             {"enabled", "enables"}, {"dog's", "dogs"}}) {
    EXPECT_EQ(stem(a), stem(b)) << a << " " << b;
  }
}

TEST(Lexical, FunctionWordsAreKnown) {
  EXPECT_TRUE(is_function_word("the"));
  EXPECT_FALSE(is_function_word("paris"));
}

TEST(Lexical, EveryPairOfBytesIsRead) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char text[] = {static_cast<char>(first), static_cast<char>(second), '5'};
      EXPECT_LE(read({text, 3}).normal.size(), 16U);
    }
  }
}

}  // namespace
}  // namespace refrain::policy
