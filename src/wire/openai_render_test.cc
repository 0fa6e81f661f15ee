#include <gtest/gtest.h>

#include "wire/openai.h"

namespace refrain::wire::openai {
namespace {

using chat::Origin;

const Fresh kFresh{"chatcmpl-1", 1700000000};

std::string whole(std::string_view body, Origin origin = Origin::openai_chat) {
  auto read = read_reply(origin, body);
  EXPECT_TRUE(read);
  return render_reply(std::get<chat::Answer>(*read), kFresh);
}

std::string chunk(std::string_view data, ShowUsage usage = ShowUsage::no) {
  ChunkReader reader(Origin::openai_chat);
  auto read = reader.read(data);
  EXPECT_TRUE(read);
  std::string out;
  render_chunk(*std::get<0>(*read), kFresh, {Origin::openai_chat, usage}, out);
  return out;
}

TEST(OpenaiRender, WholeReplyKeepsEveryMember) {
  EXPECT_EQ(
      whole(R"({"id":"theirs","object":"chat.completion","created":1,"model":"m",)"
            R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hi \"you\"",)"
            R"("refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":1.0,"x":{"cached_tokens":0}},"service_tier":"default"})"),
      R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m",)"
      R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hi \"you\"",)"
      R"("refusal":null,"annotations":[]},"finish_reason":"stop","logprobs":null}],)"
      R"("usage":{"prompt_tokens":1.0,"x":{"cached_tokens":0}},"service_tier":"default"})");
}

TEST(OpenaiRender, ContentIsNullWhereThereIsNone) {
  EXPECT_EQ(
      whole(R"({"choices":[{"index":0,"message":{"tool_calls":[{"index":0,"id":"a",)"
            R"("type":"function","function":{"name":"f","arguments":"{}"}}]},)"
            R"("finish_reason":"tool_calls"}]})"),
      R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,)"
      R"("choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[)"
      R"({"id":"a","type":"function","function":{"name":"f","arguments":"{}"},"index":0}]},)"
      R"("finish_reason":"tool_calls"}]})");
}

TEST(OpenaiRender, CompletionHasText) {
  EXPECT_EQ(whole(R"({"choices":[{"text":"t","index":0,"logprobs":null,"finish_reason":"stop"}]})",
                  Origin::openai_completion),
            R"({"id":"chatcmpl-1","object":"text_completion","created":1700000000,"choices":[)"
            R"({"index":0,"text":"t","finish_reason":"stop","logprobs":null}]})");
}

TEST(OpenaiRender, ChunkNamesItselfAndKeepsItsShape) {
  EXPECT_EQ(chunk(R"({"id":"x","object":"wrong","created":2,"model":"m","choices":[{"index":1,)"
                  R"("delta":{"content":"a"},"logprobs":null,"finish_reason":null}]})"),
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
            "\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":1,"
            "\"delta\":{\"content\":\"a\"},\"finish_reason\":null,\"logprobs\":null}]}\n\n");
}

TEST(OpenaiRender, UsageIsShownOnlyToThoseWhoAsked) {
  const char* usage = R"({"choices":[],"usage":{"total_tokens":3}})";
  EXPECT_EQ(chunk(usage), "");
  EXPECT_NE(chunk(usage, ShowUsage::yes).find(R"("usage":{"total_tokens":3})"), std::string::npos);
  const char* null = R"({"choices":[{"index":0,"delta":{}}],"usage":null})";
  EXPECT_EQ(chunk(null).find("usage"), std::string::npos);
  EXPECT_NE(chunk(null, ShowUsage::yes).find(R"("usage":null)"), std::string::npos);
  const char* both = R"({"choices":[{"index":0,"delta":{}}],"usage":{"total_tokens":3}})";
  EXPECT_EQ(chunk(both).find("usage"), std::string::npos);
}

TEST(OpenaiRender, NoNameIsWrittenTwiceAfterFolding) {
  chat::Answer answer{Origin::openai_chat, chat::Delivery::stream, {}};
  ChunkReader reader(Origin::openai_chat);
  for (const char* data :
       {R"({"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":null},
            "logprobs":null}],"usage":null})",
        R"({"choices":[{"index":0,"delta":{"content":"a","reasoning":"r","reasoning_content":"r"},
            "logprobs":{"content":[{"token":"a"}]}}],"usage":null})",
        R"({"choices":[{"index":0,"delta":{"content":"b","reasoning":"s","reasoning_content":"s",
            "tool_calls":[{"index":0,"id":"i","type":"function","function":{"name":"f"}}]},
            "logprobs":{"content":[{"token":"b"}]}}],"usage":null})",
        R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":null,"type":null,
            "function":{"name":null,"arguments":"{}"}}]},"finish_reason":"tool_calls"}]})",
        R"({"choices":[],"usage":{"total_tokens":3}})"}) {
    auto read = reader.read(data);
    ASSERT_TRUE(read);
    answer.events.push_back(std::get<0>(*read));
  }
  std::string body = render_reply(answer, kFresh);
  auto parsed = json::parse(body);
  ASSERT_TRUE(parsed) << body;
  const json::Value& message = *parsed->find("choices")->array()->at(0).find("message");
  EXPECT_EQ(json::write(message),
            R"({"role":"assistant","content":"ab","reasoning":"rs","tool_calls":[{"id":"i",)"
            R"("type":"function","function":{"name":"f","arguments":"{}"}}],)"
            R"("reasoning_content":"rs"})");
}

TEST(OpenaiRender, FragmentsOfALegacyFunctionCallAreJoined) {
  chat::Answer answer{Origin::openai_chat, chat::Delivery::stream, {}};
  ChunkReader reader(Origin::openai_chat);
  for (const char* data :
       {R"({"choices":[{"index":0,"delta":{"function_call":{"name":"f","arguments":""}}}]})",
        R"({"choices":[{"index":0,"delta":{"function_call":{"arguments":"{\"a\""}}}]})",
        R"({"choices":[{"index":0,"delta":{"function_call":{"arguments":":1}"}}}]})"}) {
    auto read = reader.read(data);
    ASSERT_TRUE(read);
    answer.events.push_back(std::get<0>(*read));
  }
  EXPECT_EQ(json::write(fold(answer).choices.at(0).delta_extra),
            R"({"function_call":{"name":"f","arguments":"{\"a\":1}"}})");
}

TEST(OpenaiRender, IdsAreFreshAndNamedByTheirKind) {
  EXPECT_TRUE(fresh_id(Origin::openai_chat).starts_with("chatcmpl-"));
  EXPECT_TRUE(fresh_id(Origin::openai_completion).starts_with("cmpl-"));
  EXPECT_EQ(fresh_id(Origin::openai_chat).size(), 33U);
  EXPECT_NE(fresh_id(Origin::openai_chat), fresh_id(Origin::openai_chat));
}

TEST(OpenaiRender, ErrorBodyHasAllFourMembers) {
  EXPECT_EQ(error_body({"bad \xFF", "invalid_request_error", "messages", ""}),
            R"({"error":{"message":"bad ?","type":"invalid_request_error","param":"messages",)"
            R"("code":null}})");
  EXPECT_EQ(error_event({"m", "server_error", "", "x"}),
            "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,"
            "\"code\":\"x\"}}\n\n");
}

}  // namespace
}  // namespace refrain::wire::openai
