#include "answers/question.h"

#include <gtest/gtest.h>

namespace refrain::answers {
namespace {

using chat::KeyForm;

const chat::Conversation kAsked = {{"system", "Be short.", {}}, {"user", "a", {}}};

Question ask(const chat::Conversation& turns, KeyForm form = KeyForm::conversation,
             const Collection& collection = {"t", "m"}) {
  return question_of({form, {}}, collection, turns);
}

bool equal(const Question& a, const Question& b) {
  return a.place.identity.canonical == b.place.identity.canonical;
}
bool near(const Question& a, const Question& b) {
  return a.place.identity.space == b.place.identity.space;
}

TEST(Question, OfAConversationIsItsLastUserTurnUnderAllOthers) {
  const Question question = ask(kAsked);
  EXPECT_EQ(question.text, "a");
  EXPECT_EQ(question.shown, json::Value("system###Be short.|||user###a"));
  EXPECT_TRUE(near(question, ask({{"system", "Be short.", {}}, {"user", "b", {}}})));
}

TEST(Question, AnotherSystemMessageIsAnotherSpace) {
  const Question other = ask({{"system", "Be long.", {}}, {"user", "a", {}}});
  EXPECT_FALSE(near(ask(kAsked), other));
  EXPECT_FALSE(equal(ask(kAsked), other));
}

TEST(Question, WhatFollowsTheUserTurnCounts) {
  EXPECT_EQ(ask({{"user", "a", {}}, {"system", "s", {}}}).text, "a");
  EXPECT_FALSE(near(ask({{"user", "a", {}}, {"system", "s", {}}}),
                    ask({{"user", "a", {}}, {"system", "t", {}}})));
}

TEST(Question, MembersThatNobodyKnowsCount) {
  EXPECT_FALSE(near(ask({{"user", "a", {{"name", "x"}}}}), ask({{"user", "a", {}}})));
  EXPECT_FALSE(equal(ask({{"user", "a", {{"name", "x"}}}}, KeyForm::splice),
                     ask({{"user", "a", {}}}, KeyForm::splice)));
}

TEST(Question, TenantsAndModelsAreApartAsWritten) {
  for (const Collection& other :
       {Collection{"u", "m"}, Collection{"t", "m2"}, Collection{"", "tm"}}) {
    EXPECT_FALSE(near(ask(kAsked), ask(kAsked, KeyForm::conversation, other)));
    EXPECT_FALSE(equal(ask(kAsked), ask(kAsked, KeyForm::conversation, other)));
  }
}

TEST(Question, DelimitersInContentsMakeNoCollision) {
  EXPECT_FALSE(
      equal(ask({{"user", "a|||user###b", {}}}), ask({{"user", "a", {}}, {"user", "b", {}}})));
}

TEST(Question, LastMessageFormIsTheReferencesDefault) {
  const Question question = ask(kAsked, KeyForm::last_message);
  EXPECT_EQ(question.shown, json::Value("user: a"));
  EXPECT_EQ(question.text, "user: a");
  EXPECT_TRUE(equal(question, ask({{"user", "a", {}}}, KeyForm::last_message)));
}

TEST(Question, FormsDoNotMeet) {
  EXPECT_FALSE(equal(ask(kAsked, KeyForm::last_content), ask(kAsked, KeyForm::stripped)));
  EXPECT_FALSE(near(ask(kAsked, KeyForm::splice), ask(kAsked, KeyForm::conversation)));
}

TEST(Question, AboutAnImageNeverMeetsOneWithout) {
  const Collection collection{"t", "m", "multicache"};
  const Question text = question_of(collection, {.text = "a"});
  const Question image = question_of(collection, {.image = "i", .text = "a"});
  EXPECT_FALSE(equal(text, image));
  EXPECT_FALSE(near(text, image));
  EXPECT_TRUE(near(image, question_of(collection, {.image = "i", .text = "b"})));
  EXPECT_FALSE(near(image, question_of(collection, {.image = "j", .text = "a"})));
  EXPECT_EQ(question_of(collection, {.image = "i"}).text, "");
}

TEST(Question, OfSpaceAloneIsNotEmbedded) { EXPECT_EQ(ask({{"user", " \n", {}}}).text, ""); }

}  // namespace
}  // namespace refrain::answers
