#include <gtest/gtest.h>

#include "wire/openai.h"

namespace refrain::wire::openai {
namespace {

using chat::Origin;

chat::Event whole(std::string_view body, Origin origin = Origin::openai_chat) {
  auto read = read_reply(origin, body);
  EXPECT_TRUE(read) << read.error().what;
  if (!read || !std::holds_alternative<chat::Answer>(*read)) return {};
  return *std::get<chat::Answer>(*read).events.at(0);
}

chat::Event chunk(ChunkReader& reader, std::string_view data) {
  auto read = reader.read(data);
  EXPECT_TRUE(read) << read.error().what;
  if (!read || read->index() != 0) return {};
  return *std::get<0>(*read);
}

chat::Event chunk(std::string_view data) {
  ChunkReader reader(Origin::openai_chat);
  return chunk(reader, data);
}

TEST(OpenaiReply, EveryMemberFindsItsPlace) {
  chat::Event event = whole(R"({"id":"1","object":"chat.completion","created":5,"model":"m",
      "choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,
      "reasoning_content":"hm","annotations":[]},"logprobs":null,"finish_reason":"stop","x":1}],
      "usage":{"prompt_tokens":1},"timings":{"a":1}})");
  ASSERT_EQ(event.choices.size(), 1U);
  const chat::ChoiceDelta& choice = event.choices[0];
  EXPECT_EQ(choice.role, "assistant");
  EXPECT_EQ(choice.content, "Hi");
  EXPECT_EQ(choice.reasoning, "hm");
  EXPECT_EQ(choice.reasoning_name, "reasoning_content");
  EXPECT_EQ(choice.finish, "stop");
  EXPECT_EQ(json::write(choice.delta_extra), R"({"refusal":null,"annotations":[]})");
  EXPECT_EQ(json::write(choice.extra), R"({"logprobs":null,"x":1})");
  EXPECT_EQ(json::write(event.usage), R"({"prompt_tokens":1})");
  EXPECT_EQ(json::write(event.head), R"({"model":"m","timings":{"a":1}})");
}

TEST(OpenaiReply, AbsentEmptyAndNullContentDiffer) {
  EXPECT_EQ(chunk(R"({"choices":[{"delta":{}}]})").choices[0].content, std::nullopt);
  EXPECT_EQ(chunk(R"({"choices":[{"delta":{"content":""}}]})").choices[0].content, "");
  chat::Event null = chunk(R"({"choices":[{"delta":{"content":null}}]})");
  EXPECT_EQ(null.choices[0].content, std::nullopt);
  EXPECT_EQ(json::write(null.choices[0].delta_extra), R"({"content":null})");
}

TEST(OpenaiReply, ToolCallsOfAMessageAreNumberedByPlace) {
  chat::Event event = whole(R"({"choices":[{"message":{"tool_calls":[
      {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
      {"id":"b","type":"custom","custom":{"name":"g","input":"text"}}]}}]})");
  ASSERT_EQ(event.choices.at(0).tools.size(), 2U);
  EXPECT_EQ(event.choices[0].tools[0],
            (chat::ToolDelta{0, "a", "function", "f", "{}", {}}));
  EXPECT_EQ(event.choices[0].tools[1],
            (chat::ToolDelta{1, "b", "custom", "g", "text", {{"custom", json::Object{}}}}));
}

TEST(OpenaiReply, StreamedToolCallsWithoutIndexAreNumberedByTheirIds) {
  ChunkReader reader(Origin::openai_chat);
  auto index = [&](std::string_view call) {
    std::string data = R"({"choices":[{"delta":{"tool_calls":[)" + std::string(call) + "]}}]}";
    return chunk(reader, data).choices.at(0).tools.at(0).index;
  };
  EXPECT_EQ(index(R"({"id":"a","function":{"name":"f","arguments":""}})"), 0U);
  EXPECT_EQ(index(R"({"function":{"arguments":"{}"}})"), 0U);
  EXPECT_EQ(index(R"({"id":"b","function":{"name":"g","arguments":"{}"}})"), 1U);
  EXPECT_EQ(index(R"({"function":{"arguments":"x"}})"), 1U);
}

TEST(OpenaiReply, CompletionTextIsContent) {
  chat::Event event = whole(R"({"choices":[{"text":"t","index":0,"finish_reason":"length"}]})",
                            Origin::openai_completion);
  EXPECT_EQ(event.choices.at(0).content, "t");
}

TEST(OpenaiReply, MembersOfOddKindsAreKept) {
  chat::Event event = whole(R"({"choices":[{"message":{"role":"assistant",
      "content":[{"type":"text","text":"x"}],"tool_calls":null}}]})");
  EXPECT_EQ(event.choices.at(0).content, std::nullopt);
  EXPECT_EQ(json::write(event.choices[0].delta_extra),
            R"({"content":[{"type":"text","text":"x"}],"tool_calls":null})");
}

TEST(OpenaiReply, ErrorObjectIsNoAnswer) {
  const char* body = R"({"error":{"message":"overloaded","code":529}})";
  auto read = read_reply(Origin::openai_chat, body);
  ASSERT_TRUE(read);
  ASSERT_TRUE(std::holds_alternative<ErrorObject>(*read));
  EXPECT_EQ(std::get<ErrorObject>(*read).message, "overloaded");
  EXPECT_EQ(std::get<ErrorObject>(*read).body, body);
  ChunkReader reader(Origin::openai_chat);
  auto part = reader.read(R"({"choices":[{"delta":{"content":""},"finish_reason":"error"}],
                              "error":{"message":"cut"}})");
  ASSERT_TRUE(part);
  EXPECT_TRUE(std::holds_alternative<ErrorObject>(*part));
}

TEST(OpenaiReply, ForeignShapesAreInvalid) {
  for (const char* body :
       {"", "[]", "{}", R"({"choices":{}})", R"({"choices":[1]})", R"({"choices":[{}]})",
        R"({"choices":[{"message":5}]})", R"({"choices":[{"message":{},"index":-1}]})",
        R"({"choices":[{"message":{},"index":5000000}]})",
        R"({"choices":[{"message":{},"finish_reason":1}]})",
        R"({"choices":[{"message":{"tool_calls":[{"index":4000000000}]}}]})"}) {
    auto read = read_reply(Origin::openai_chat, body);
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().code, base::Code::invalid) << body;
  }
}

TEST(OpenaiReply, ChunkWithoutChoicesIsAnEvent) {
  EXPECT_TRUE(chunk(R"({"choices":[],"usage":{"total_tokens":3}})").choices.empty());
  EXPECT_TRUE(chunk(R"({"id":"x"})").choices.empty());
  EXPECT_TRUE(chunk(R"({"choices":null})").choices.empty());
}

TEST(OpenaiReply, AnswerEndsWhenEveryChoiceHasEnded) {
  ChunkReader reader(Origin::openai_chat);
  chat::Answer answer;
  EXPECT_FALSE(terminal(answer));
  for (const char* data : {R"({"choices":[{"index":0,"delta":{}},{"index":1,"delta":{}}]})",
                           R"({"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]})"}) {
    answer.events.push_back(std::make_shared<const chat::Event>(chunk(reader, data)));
    EXPECT_FALSE(terminal(answer));
  }
  answer.events.push_back(std::make_shared<const chat::Event>(
      chunk(reader, R"({"choices":[{"index":0,"delta":{},"finish_reason":"length"}]})")));
  EXPECT_TRUE(terminal(answer));
}

}  // namespace
}  // namespace refrain::wire::openai
