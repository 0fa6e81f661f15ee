#include "serve/admission.h"

#include <gtest/gtest.h>

namespace refrain::serve {
namespace {

chat::Answer answer(std::optional<std::string> finish,
                    chat::Origin origin = chat::Origin::openai_chat) {
  auto event = std::make_shared<chat::Event>();
  event->choices.emplace_back().finish = std::move(finish);
  chat::Answer out;
  out.origin = origin;
  out.events = {event};
  return out;
}

TEST(Admission, AnAnswerThatStoppedIsKept) {
  EXPECT_EQ(why_not_kept(answer("stop"), false), "");
  EXPECT_EQ(why_not_kept(answer("tool_calls"), false), "");
  EXPECT_EQ(why_not_kept(answer("eos_token", chat::Origin::tgi), false), "");
}

TEST(Admission, ATruncatedAnswerIsKeptOnlyWhereTheRouteAllowsIt) {
  EXPECT_EQ(why_not_kept(answer("length"), false), "finish reason length");
  EXPECT_EQ(why_not_kept(answer("length"), true), "");
}

TEST(Admission, AFilteredAnswerIsNeverKept) {
  EXPECT_EQ(why_not_kept(answer("content_filter"), true), "finish reason content_filter");
}

TEST(Admission, AnAnswerWithoutAnEndIsNotKept) {
  EXPECT_EQ(why_not_kept(answer(std::nullopt), true), "no finish reason");
  EXPECT_EQ(why_not_kept(chat::Answer{}, true), "no choices");
}

TEST(Admission, OneBadChoiceOfTwoSpoilsTheAnswer) {
  chat::Answer two = answer("stop");
  auto event = std::make_shared<chat::Event>(*two.events[0]);
  event->choices.emplace_back().index = 1;
  event->choices.back().finish = "content_filter";
  two.events = {event};
  EXPECT_NE(why_not_kept(two, true), "");
}

TEST(Admission, AWholeTgiReplyWithoutDetailsIsKept) {
  EXPECT_EQ(why_not_kept(answer(std::nullopt, chat::Origin::tgi), false), "");
}

}  // namespace
}  // namespace refrain::serve
