#include "policy/gates_order.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

Asked type(std::string_view text) { return asked(read(text)); }
std::string turned(std::string_view a, std::string_view b) {
  return reversed(order(read(a)), order(read(b)));
}

TEST(Order, FirstQuestionWordThatOpensAClauseSaysWhatIsAsked) {
  EXPECT_EQ(type("who is it"), Asked::who);
  EXPECT_EQ(type("can you tell me when it opens"), Asked::when);
  EXPECT_EQ(type("my code fails when I run it"), Asked::open);
  EXPECT_EQ(type("how many cats"), Asked::how_many);
  EXPECT_EQ(type("how many days"), Asked::how_long);
  EXPECT_EQ(type("what time is it"), Asked::when);
  EXPECT_EQ(type("what is the reason"), Asked::why);
  EXPECT_EQ(type("what is a cat"), Asked::open);
}

TEST(Order, EveryTypeHasAName) {
  EXPECT_EQ(name(Asked::open), "open");
  EXPECT_EQ(name(Asked::how_far), "how far");
}

TEST(Order, MovesAreSeenWhereverTheyStand) {
  EXPECT_EQ(turned("fly from Oslo to Rome", "to Oslo from Rome I want to fly"), "oslo to rom");
  EXPECT_EQ(turned("fly from Oslo to Rome", "to Rome from Oslo I fly"), "");
}

TEST(Order, OneExchangeAroundADirectingWordIsAReversal) {
  EXPECT_EQ(turned("is tea stronger than coffee", "is coffee stronger than tea"), "tea and coffe");
  EXPECT_EQ(turned("is tea or coffee stronger than juice", "is coffee or tea stronger than juice"),
            "");
  EXPECT_EQ(turned("red cars", "cars red"), "");
}

TEST(Order, AnInfinitiveBeforeTheMoveIsNoEndOfIt) {
  const auto turned = [](std::string_view a, std::string_view b) {
    return !reversed(order(read(a)), order(read(b))).empty();
  };
  EXPECT_TRUE(
      turned("I need to get from Madrid to Vienna, how?", "How do I get from Vienna to Madrid?"));
  EXPECT_TRUE(turned("to Rome from Oslo by train", "the train from Rome to Oslo"));
  EXPECT_FALSE(
      turned("I need to get from Madrid to Vienna", "How do I get from Madrid to Vienna?"));
}

}  // namespace
}  // namespace refrain::policy
