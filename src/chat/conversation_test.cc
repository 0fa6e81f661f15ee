#include "chat/conversation.h"

#include <gtest/gtest.h>

#include <random>

namespace refrain::chat {
namespace {

const Conversation kThree = {{"system", "Be short.", {}}, {"user", "a|b", {}}, {"user", "C#", {}}};

TEST(Splice, OrdinaryTurnsAreJoinedAsTheReferenceJoinsThem) {
  EXPECT_EQ(splice(kThree), "system###Be short.|||user###a|b|||user###C\\#");
  EXPECT_EQ(splice({{"user", "C# and ## here", {}}}), "user###C# and ## here");
}

TEST(Splice, ContentsWithDelimitersComeBackAsTheyWere) {
  const Conversation turns = {{"user", "a###b|||user###c", {}}, {"#", "|", {}}, {"", "\\###", {}}};
  EXPECT_EQ(unsplice(splice(turns)), turns);
}

TEST(Splice, NoTwoConversationsHaveOneText) {
  EXPECT_NE(splice({{"user", "a|||user###b", {}}}), splice({{"user", "a", {}}, {"user", "b", {}}}));
  EXPECT_NE(splice({{"user", "#a", {}}}), splice({{"user#", "a", {}}}));
  EXPECT_NE(splice({}), splice({{"", "", {}}}));
}

TEST(Splice, AnyTurnsOfDelimitersComeBack) {
  std::mt19937 random(7);
  constexpr std::string_view kLetters = "##||\\\\ab";
  auto text = [&] {
    std::string out;
    for (unsigned n = static_cast<unsigned>(random() % 9); n > 0; --n)
      out += kLetters[random() % kLetters.size()];
    return out;
  };
  for (int round = 0; round < 20000; ++round) {
    Conversation turns;
    for (unsigned n = static_cast<unsigned>(random() % 4); n > 0; --n)
      turns.push_back({text(), text(), {}});
    ASSERT_EQ(unsplice(splice(turns)), turns) << splice(turns);
  }
}

TEST(Splice, WhatIsNoSplicedTextIsRefused) {
  for (const char* text : {"user", "a###b###c", "a|||b###c", "a###b|||", "a###b\\", "|||"}) {
    EXPECT_EQ(unsplice(text), std::nullopt) << text;
  }
}

TEST(KeyText, EachFormOfThreeMessages) {
  EXPECT_EQ(key_text(KeyForm::conversation, kThree), splice(kThree));
  EXPECT_EQ(key_text(KeyForm::last_message, kThree), "user: C#");
  EXPECT_EQ(key_text(KeyForm::last_content, kThree), "C#");
  EXPECT_EQ(key_text(KeyForm::all_contents, kThree), "Be short.\na|b\nC#");
  EXPECT_EQ(key_text(KeyForm::stripped, {{"user", "Q: what? Q: is it", {}}}, {"Q: ", "", "?"}),
            "what is it");
}

TEST(KeyText, StrippingDoesNotStartAgainAtWhatItJoined) {
  EXPECT_EQ(key_text(KeyForm::stripped, {{"user", "aababb", {}}}, {"ab"}), "ab");
  EXPECT_EQ(key_text(KeyForm::stripped, {{"user", "xxx", {}}}, {"x"}), "");
}

TEST(KeyForm, NamesComeBack) {
  for (const char* word :
       {"conversation", "splice", "last-message", "last-content", "stripped", "all-contents"}) {
    EXPECT_EQ(name(*parse_key_form(word)), word);
  }
  EXPECT_EQ(parse_key_form("last"), std::nullopt);
}

TEST(AskingTurn, IsTheLastOneOfTheUserOrElseTheLast) {
  EXPECT_EQ(asking_turn(kThree), 2U);
  EXPECT_EQ(asking_turn({{"user", "q", {}}, {"system", "s", {}}}), 0U);
  EXPECT_EQ(asking_turn({{"system", "s", {}}, {"tool", "t", {}}}), 1U);
}

}  // namespace
}  // namespace refrain::chat
