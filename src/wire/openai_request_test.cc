#include <gtest/gtest.h>

#include "wire/openai.h"

namespace refrain::wire::openai {
namespace {

using chat::Dialect;

base::Result<chat::Request> read(std::string_view body, Dialect dialect = Dialect::openai_chat) {
  return read_request(dialect, body, {{"host", "h"}, {"authorization", "Bearer k"}});
}

std::string up(std::string_view body, StreamUsage usage = StreamUsage::always) {
  auto request = read(body);
  EXPECT_TRUE(request);
  return request ? upstream_body(*request, body, usage) : "";
}

std::string param(std::string_view body, Dialect dialect = Dialect::openai_chat) {
  auto request = read(body, dialect);
  return request ? "read" : std::string(param_of(request.error()));
}

TEST(OpenaiRequest, ChatIsRead) {
  auto request = read(R"({"model":"m","messages":[{"role":"system","content":"s"},
      {"role":"user","content":"one"},{"role":"assistant","content":"a"},
      {"role":"user","content":"two"}],"stream":true,"stream_options":{"include_usage":true}})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->model, "m");
  EXPECT_EQ(request->text, "two");
  EXPECT_TRUE(request->wants_stream);
  EXPECT_TRUE(request->wants_usage);
  EXPECT_FALSE(request->exact_only);
  EXPECT_EQ(request->pass, (chat::Headers{{"authorization", "Bearer k"}}));
}

TEST(OpenaiRequest, TextPartsAreJoinedAndImagesAllowed) {
  auto request = read(R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},
      {"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]}]})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->text, "a\nb");
  EXPECT_FALSE(request->exact_only);
}

TEST(OpenaiRequest, WhatTheTextCannotStandForIsExactOnly) {
  const char* user = R"({"role":"user","content":"q"})";
  for (std::string body : {
           std::string(R"({"messages":[)") + user + R"(,{"role":"tool","content":"r"}]})",
           std::string(R"({"messages":[)") + user + R"(,{"role":"assistant","content":"r"}]})",
           std::string(R"({"tool_choice":"required","messages":[)") + user + "]}",
           std::string(R"({"tool_choice":{"type":"function"},"messages":[)") + user + "]}",
           std::string(R"({"function_call":{"name":"f"},"messages":[)") + user + "]}",
           std::string(R"({"messages":[{"role":"user","content":[{"type":"file"}]}]})"),
           std::string(R"({"messages":[{"role":"user","content":[{"type":"input_audio"}]}]})"),
           std::string(R"({"messages":[{"role":"system","content":"s"}]})"),
           std::string(R"({"messages":[]})")}) {
    auto request = read(body);
    ASSERT_TRUE(request) << body;
    EXPECT_TRUE(request->exact_only) << body;
  }
  auto free = read(std::string(R"({"tool_choice":"auto","messages":[)") + user + "]}");
  ASSERT_TRUE(free);
  EXPECT_FALSE(free->exact_only);
}

TEST(OpenaiRequest, PromptIsTextOnlyIfItIsOneString) {
  auto one = read(R"({"prompt":"p"})", Dialect::openai_completion);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->text, "p");
  EXPECT_FALSE(one->exact_only);
  for (const char* body : {R"({"prompt":[1,2]})", R"({"prompt":["a","b"]})", "{}"}) {
    auto other = read(body, Dialect::openai_completion);
    ASSERT_TRUE(other) << body;
    EXPECT_EQ(other->text, "");
    EXPECT_TRUE(other->exact_only);
  }
}

TEST(OpenaiRequest, ErrorNamesTheMember) {
  EXPECT_EQ(param(R"({"model":1,"messages":[]})"), "model");
  EXPECT_EQ(param(R"({"model":"m"})"), "messages");
  EXPECT_EQ(param(R"({"messages":"x"})"), "messages");
  EXPECT_EQ(param(R"({"messages":[1]})"), "messages[0]");
  EXPECT_EQ(param(R"({"messages":[{"content":"x"}]})"), "messages[0].role");
  EXPECT_EQ(param(R"({"messages":[],"stream":1})"), "stream");
  EXPECT_EQ(param(R"({"prompt":1})", Dialect::openai_completion), "prompt");
  EXPECT_EQ(param("{}", Dialect::openai_embedding), "input");
  EXPECT_EQ(param("not json"), "");
  EXPECT_EQ(param(R"({"messages":[],"messages":[]})"), "");
}

TEST(OpenaiRequest, BodyGoesOnByteForByte) {
  std::string body = " { \"messages\" : [ ] , \"temperature\" : 1.0 , \"x\" : 1e2 } ";
  EXPECT_EQ(up(body), body);
  std::string asked = R"({"messages":[],"stream":true,"stream_options":{"include_usage":true}})";
  EXPECT_EQ(up(asked), asked);
}

TEST(OpenaiRequest, UsageIsAskedForInAStream) {
  EXPECT_EQ(up("{\"messages\":[], \"stream\":true }\n"),
            "{\"messages\":[], \"stream\":true ,\"stream_options\":{\"include_usage\":true}}\n");
  EXPECT_EQ(up(R"({"messages":[],"stream":true})", StreamUsage::as_asked),
            R"({"messages":[],"stream":true})");
}

TEST(OpenaiRequest, OptionsOfTheClientAreKeptBesideUsage) {
  EXPECT_EQ(up(R"({"stream_options":{"x":1,"include_usage":false},"messages":[],"stream":true})"),
            R"({"stream_options":{"x":1,"include_usage":true},"messages":[],"stream":true})");
  EXPECT_EQ(up(R"({"messages":[],"stream":true,"stream_options":null})"),
            R"({"messages":[],"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(up(R"({"messages":[],"stream":true,"stream_options":5})"),
            R"({"messages":[],"stream":true,"stream_options":5})");
}

TEST(OpenaiRequest, CacheControlsOfLitellmStayHere) {
  EXPECT_EQ(up(R"({"messages":[],"cache":{"no-cache":true},"x":1.50})"),
            R"({"messages":[],"x":1.50})");
  EXPECT_EQ(up(R"({"messages":[],"cache":true})"), R"({"messages":[],"cache":true})");
}

}  // namespace
}  // namespace refrain::wire::openai
