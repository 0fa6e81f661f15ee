#include "chat/answer.h"

#include <gtest/gtest.h>

namespace refrain::chat {
namespace {

Answer answer_of(std::vector<Event> events) {
  Answer answer;
  for (Event& event : events) {
    answer.events.push_back(std::make_shared<const Event>(std::move(event)));
  }
  return answer;
}

Event piece(std::uint32_t index, std::string content, const char* finish = nullptr) {
  ChoiceDelta choice;
  choice.index = index;
  choice.content = std::move(content);
  if (finish != nullptr) choice.finish = finish;
  Event event;
  event.choices.push_back(std::move(choice));
  return event;
}

Event usage_event(std::string_view text) {
  Event event;
  event.usage = json::parse(text).value();
  return event;
}

TEST(Answer, TextIsTheContentOfTheFirstChoice) {
  EXPECT_EQ(text(answer_of({piece(0, "Pa"), piece(1, "Lyon"), piece(0, "ris")})), "Paris");
  EXPECT_EQ(text(Answer()), "");
}

TEST(Answer, UsageIsTheLastOneSent) {
  Answer answer = answer_of({usage_event("{\"prompt_tokens\":1,\"completion_tokens\":1}"),
                             usage_event("{\"prompt_tokens\":5,\"completion_tokens\":7,"
                                         "\"total_tokens\":13}"),
                             piece(0, "x")});
  EXPECT_EQ(usage(answer).prompt_tokens, 5);
  EXPECT_EQ(usage(answer).completion_tokens, 7);
  EXPECT_EQ(usage(answer).total_tokens, 13);
}

TEST(Answer, TotalIsTheSumWhereNoneWasSent) {
  EXPECT_EQ(
      usage(answer_of({usage_event("{\"prompt_tokens\":5,\"completion_tokens\":7}")})).total_tokens,
      12);
}

TEST(Answer, UsageOfNothingOrNonsenseIsZero) {
  EXPECT_EQ(usage(Answer()).total_tokens, 0);
  EXPECT_EQ(usage(answer_of({usage_event("{\"prompt_tokens\":-5,\"completion_tokens\":\"x\"}")}))
                .total_tokens,
            0);
}

TEST(Answer, FinishesAreListedByChoice) {
  Answer answer = answer_of({piece(2, "", "length"), piece(0, "", "stop"), piece(1, "x")});
  EXPECT_EQ(finishes(answer), (std::vector<std::string>{"stop", "", "length"}));
}

TEST(Answer, ChoiceOfAHugeIndexTakesNoMemory) {
  EXPECT_TRUE(finishes(answer_of({piece(4'000'000'000, "", "stop")})).empty());
}

TEST(Answer, FootprintGrowsWithItsTexts) {
  Event small = piece(0, "");
  Event large = piece(0, std::string(10000, 'x'));
  large.head.push_back({"extra", json::Array{std::string(1000, 'y')}});
  EXPECT_GE(footprint(large), footprint(small) + 11000);
  EXPECT_GE(footprint(answer_of({large, large})), 2 * footprint(large));
}

}  // namespace
}  // namespace refrain::chat
