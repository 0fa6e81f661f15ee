#include <gtest/gtest.h>

#include "chat/answer.h"

namespace refrain::chat {
namespace {

json::Value value(std::string_view text) { return json::parse(text).value(); }
json::Object members(std::string_view text) { return *value(text).object(); }

Event fold_all(std::vector<Event> events) {
  std::vector<std::shared_ptr<const Event>> shared;
  for (Event& event : events) shared.push_back(std::make_shared<const Event>(std::move(event)));
  return fold(shared);
}

Event of(ChoiceDelta choice) {
  Event event;
  event.choices.push_back(std::move(choice));
  return event;
}

ChoiceDelta fold_choice(std::vector<ChoiceDelta> pieces) {
  std::vector<Event> events;
  for (ChoiceDelta& piece : pieces) events.push_back(of(std::move(piece)));
  return fold_all(std::move(events)).choices.at(0);
}

TEST(Fold, TextsAreJoined) {
  ChoiceDelta whole = fold_choice(
      {{.role = "assistant", .content = "", .reasoning = "hm"},
       {.content = "Pa", .refusal = "no", .reasoning = "m", .reasoning_name = "reasoning_content"},
       {.content = "ris", .refusal = "pe", .finish = "stop"}});
  EXPECT_EQ(whole.role, "assistant");
  EXPECT_EQ(whole.content, "Paris");
  EXPECT_EQ(whole.refusal, "nope");
  EXPECT_EQ(whole.reasoning, "hmm");
  EXPECT_EQ(whole.reasoning_name, "reasoning_content");
  EXPECT_EQ(whole.finish, "stop");
}

TEST(Fold, AbsentStaysAbsentAndEmptyStaysEmpty) {
  ChoiceDelta whole = fold_choice({{.content = ""}, {}});
  EXPECT_EQ(whole.content, "");
  EXPECT_EQ(whole.refusal, std::nullopt);
  EXPECT_EQ(whole.finish, std::nullopt);
}

TEST(Fold, ToolCallsAreJoinedByIndex) {
  ToolDelta first{
      .index = 1, .id = "call_b", .type = "function", .name = "time", .arguments = "{\"zone\""};
  ToolDelta other{
      .index = 0, .id = "call_a", .type = "function", .name = "rain", .arguments = "{}"};
  ToolDelta rest{.index = 1, .arguments = ":\"UTC\"}", .extra = members("{\"note\":[1]}")};
  ToolDelta more{.index = 1, .extra = members("{\"note\":[2]}")};
  ChoiceDelta whole =
      fold_choice({{.tools = {first}}, {.tools = {other, rest}}, {.tools = {more}}});
  ASSERT_EQ(whole.tools.size(), 2U);
  EXPECT_EQ(whole.tools[0], other);
  EXPECT_EQ(whole.tools[1].id, "call_b");
  EXPECT_EQ(whole.tools[1].arguments, "{\"zone\":\"UTC\"}");
  EXPECT_EQ(whole.tools[1].extra, members("{\"note\":[1,2]}"));
}

TEST(Fold, LogProbabilitiesOfChatAreAppended) {
  ChoiceDelta whole =
      fold_choice({{.logprobs = value("{\"content\":[{\"t\":1}],\"refusal\":null}")},
                   {},
                   {.logprobs = value("{\"content\":[{\"t\":2}],\"refusal\":[3]}")}});
  EXPECT_EQ(whole.logprobs, value("{\"content\":[{\"t\":1},{\"t\":2}],\"refusal\":[3]}"));
}

TEST(Fold, LogProbabilitiesOfCompletionsAreAppended) {
  ChoiceDelta whole = fold_choice(
      {{.logprobs = value("{\"tokens\":[\"a\"],\"token_logprobs\":[null],\"top_logprobs\":[{}],"
                          "\"text_offset\":[0]}")},
       {.logprobs = value("{\"tokens\":[\"b\"],\"token_logprobs\":[-0.50],\"top_logprobs\":[{\"b\":"
                          "-0.50}],\"text_offset\":[1]}")}});
  EXPECT_EQ(whole.logprobs, value("{\"tokens\":[\"a\",\"b\"],\"token_logprobs\":[null,-0.50],"
                                  "\"top_logprobs\":[{},{\"b\":-0.50}],\"text_offset\":[0,1]}"));
}

TEST(Fold, UnknownMembersAreMerged) {
  ChoiceDelta whole = fold_choice(
      {{.delta_extra =
            members("{\"list\":[1],\"deep\":{\"a\":[1],\"b\":1},\"word\":\"x\",\"n\":1}"),
        .extra = members("{\"stop_reason\":null}")},
       {.delta_extra =
            members("{\"list\":[2],\"deep\":{\"a\":[2],\"b\":2},\"word\":\"y\",\"n\":null}"),
        .extra = members("{\"stop_reason\":null,\"matched\":7}")}});
  EXPECT_EQ(whole.delta_extra,
            members("{\"list\":[1,2],\"deep\":{\"a\":[1,2],\"b\":2},\"word\":\"y\",\"n\":1}"));
  EXPECT_EQ(whole.extra, members("{\"stop_reason\":null,\"matched\":7}"));
}

TEST(Fold, ChoicesAreInOrderOfIndex) {
  Event whole = fold_all({of({.index = 2, .content = "c"}), of({.index = 0, .content = "a"}),
                          of({.index = 2, .content = "c"})});
  ASSERT_EQ(whole.choices.size(), 2U);
  EXPECT_EQ(whole.choices[0].content, "a");
  EXPECT_EQ(whole.choices[1].content, "cc");
}

TEST(Fold, HeadAndUsageAreTheLastThatAreNotNull) {
  Event first, second, third;
  first.head =
      members("{\"model\":\"a\",\"system_fingerprint\":\"f\",\"tier\":null,\"m\":{\"x\":1}}");
  first.usage = value("{\"total_tokens\":1}");
  second.head = members("{\"model\":\"b\",\"system_fingerprint\":null,\"m\":{\"y\":1}}");
  third.usage = value("{\"total_tokens\":3}");
  Event whole = fold_all({first, second, third, Event()});
  EXPECT_EQ(
      whole.head,
      members("{\"model\":\"b\",\"system_fingerprint\":\"f\",\"tier\":null,\"m\":{\"y\":1}}"));
  EXPECT_EQ(whole.usage, value("{\"total_tokens\":3}"));
}

TEST(Fold, FoldedAnswerIsItsOwnFold) {
  Event once = fold_all({of({.index = 1, .content = "a", .tools = {{.index = 3, .id = "x"}}}),
                         of({.index = 0, .logprobs = value("{\"content\":[1]}")})});
  EXPECT_EQ(fold_all({once}), once);
}

TEST(Fold, NothingFoldsToNothing) { EXPECT_EQ(fold({}), Event()); }

}  // namespace
}  // namespace refrain::chat
