#include <gtest/gtest.h>

#include <algorithm>

#include "wire/openai.h"

namespace refrain::wire::openai {
namespace {

using chat::Origin;

/// Objects in order of names, so that two values can be compared whatever order they came in.
json::Value sorted(json::Value value) {
  if (json::Object* object = value.object()) {
    for (json::Member& member : *object) member.value = sorted(std::move(member.value));
    std::ranges::sort(*object, {}, &json::Member::name);
  } else if (json::Array* array = value.array()) {
    for (json::Value& item : *array) item = sorted(std::move(item));
  }
  return value;
}

std::vector<std::shared_ptr<const chat::Event>> steps(std::string_view body,
                                                      Origin origin = Origin::openai_chat) {
  auto read = read_reply(origin, body);
  EXPECT_TRUE(read);
  return stream_of(std::get<chat::Answer>(*read));
}

/// The reply directly, and by way of a stream.
void expect_equal_both_ways(std::string_view body, Origin origin = Origin::openai_chat) {
  auto read = read_reply(origin, body);
  ASSERT_TRUE(read) << body;
  const chat::Answer& whole = std::get<chat::Answer>(*read);
  chat::Answer stream{origin, chat::Delivery::stream, stream_of(whole)};
  const Fresh fresh{"x", 1};
  auto direct = json::parse(render_reply(whole, fresh));
  auto folded = json::parse(render_reply(stream, fresh));
  ASSERT_TRUE(direct && folded);
  EXPECT_EQ(json::write(sorted(*direct)), json::write(sorted(*folded)));
}

TEST(OpenaiSplit, StepsComeInTheOrderOfServers) {
  auto events = steps(R"({"model":"m","choices":[{"index":0,"message":{"role":"assistant",
      "content":"Hi","reasoning_content":"hm","tool_calls":[{"id":"a","type":"function",
      "function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],
      "usage":{"total_tokens":1},"timings":{}})");
  ASSERT_EQ(events.size(), 7U);
  EXPECT_EQ(events[0]->choices[0].role, "assistant");
  EXPECT_EQ(events[0]->choices[0].content, "");
  EXPECT_EQ(events[1]->choices[0].reasoning, "hm");
  EXPECT_EQ(events[2]->choices[0].content, "Hi");
  EXPECT_EQ(events[3]->choices[0].tools[0].name, "f");
  EXPECT_EQ(events[3]->choices[0].tools[0].arguments, "");
  EXPECT_EQ(events[4]->choices[0].tools[0].arguments, "{}");
  EXPECT_EQ(events[5]->choices[0].finish, "tool_calls");
  EXPECT_EQ(json::write(events[5]->head), R"({"model":"m","usage":null,"timings":{}})");
  EXPECT_TRUE(events[6]->choices.empty());
  EXPECT_EQ(json::write(events[6]->usage), R"({"total_tokens":1})");
}

TEST(OpenaiSplit, LogProbabilitiesStayWithTheirText) {
  std::string text(400, 'a');
  for (std::size_t i = 0; i < text.size(); i += 5) text[i] = ' ';
  auto events = steps(R"({"choices":[{"index":0,"message":{"content":")" + text +
                      R"("},"logprobs":{"content":[1,2]},"finish_reason":"stop"}]})");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1]->choices[0].content, text);
  EXPECT_EQ(json::write(events[1]->choices[0].logprobs), R"({"content":[1,2]})");
}

TEST(OpenaiSplit, LongTextComesInPieces) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "word ";
  auto events = steps(R"({"choices":[{"index":0,"message":{"content":")" + text + R"("}}]})");
  EXPECT_GT(events.size(), 5U);
}

TEST(OpenaiSplit, StreamedAnswerIsItsOwnStream) {
  chat::Answer answer{Origin::openai_chat, chat::Delivery::stream,
                      {std::make_shared<const chat::Event>()}};
  EXPECT_EQ(stream_of(answer), answer.events);
}

TEST(OpenaiSplit, FoldingGivesTheReplyBack) {
  for (const char* body : {
           R"({"model":"m","system_fingerprint":"f","choices":[{"index":0,"message":{"role":
              "assistant","content":"Hello there","refusal":null,"annotations":[{"a":1}]},
              "logprobs":null,"finish_reason":"stop","content_filter_results":{"x":1}}],
              "usage":{"total_tokens":1},"prompt_filter_results":[1]})",
           R"({"choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"no"},
              "logprobs":{"content":null,"refusal":[{"token":"no"}]},"finish_reason":"stop"}]})",
           R"({"choices":[{"index":0,"message":{"role":"assistant","content":"","tool_calls":[
              {"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},
              {"id":"b","type":"function","function":{"name":"g","arguments":""},"extra":1},
              {"id":"c","type":"custom","custom":{"name":"h","input":"free text"}}]},
              "finish_reason":"tool_calls"}]})",
           R"({"choices":[{"index":0,"message":{"role":"assistant","content":"a"},
              "finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"b",
              "reasoning":""},"finish_reason":"length"}]})",
           R"({"choices":[{"index":0,"message":{"role":"assistant","content":"a","reasoning":"r",
              "reasoning_content":"r","function_call":{"name":"f","arguments":"{}"}},
              "finish_reason":"stop"}]})",
           R"({"choices":[],"model":"m"})"}) {
    expect_equal_both_ways(body);
  }
  expect_equal_both_ways(R"({"choices":[{"text":"a b","index":0,"logprobs":null,
      "finish_reason":"stop"},{"text":"","index":1,"finish_reason":"stop"}]})",
                         Origin::openai_completion);
}

}  // namespace
}  // namespace refrain::wire::openai
