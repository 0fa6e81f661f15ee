#include <gtest/gtest.h>

#include "wire/tgi.h"

namespace refrain::wire::tgi {
namespace {

chat::Answer whole(std::string_view body) {
  auto read = read_reply(body);
  EXPECT_TRUE(read) << read.error().what;
  return read && read->index() == 0 ? std::get<0>(*read) : chat::Answer{};
}

TEST(TgiReply, DetailsSayHowItEnded) {
  chat::Answer answer = whole(R"({"generated_text":"t","details":{"finish_reason":"length",
      "generated_tokens":3,"seed":null,"prefill":[{"id":1},{"id":2}],"tokens":[]}})");
  ASSERT_EQ(answer.events.size(), 1U);
  EXPECT_EQ(answer.origin, chat::Origin::tgi);
  EXPECT_EQ(answer.events[0]->choices[0].content, "t");
  EXPECT_EQ(answer.events[0]->choices[0].finish, "length");
  EXPECT_EQ(json::write(answer.events[0]->usage),
            R"({"prompt_tokens":2,"completion_tokens":3,"total_tokens":5})");
  EXPECT_TRUE(terminal(answer));
}

TEST(TgiReply, ReplyWithoutDetailsIsComplete) {
  EXPECT_EQ(whole(R"({"generated_text":"t"})").events.at(0)->choices[0].finish, "eos_token");
  EXPECT_EQ(whole(R"([{"generated_text":"t"}])").events.at(0)->choices[0].content, "t");
}

TEST(TgiReply, SpecialTokenIsNoContent) {
  auto read = read_chunk(R"({"index":2,"token":{"id":2,"text":"</s>","logprob":-1,"special":true},
      "generated_text":"Hi","details":{"finish_reason":"eos_token","generated_tokens":2,
      "input_length":5}})");
  ASSERT_TRUE(read);
  const chat::Event& event = *std::get<0>(*read);
  EXPECT_EQ(event.choices[0].content, "");
  EXPECT_EQ(event.choices[0].finish, "eos_token");
  EXPECT_EQ(chat::usage(chat::Answer{chat::Origin::tgi, chat::Delivery::stream,
                                     {std::get<0>(*read)}}).prompt_tokens, 5);
}

TEST(TgiReply, TokenInTheMiddleEndsNothing) {
  auto read = read_chunk(R"({"token":{"id":2,"text":"Hi","special":false},"generated_text":null,
      "details":null})");
  ASSERT_TRUE(read);
  chat::Answer answer{chat::Origin::tgi, chat::Delivery::stream, {std::get<0>(*read)}};
  EXPECT_EQ(answer.events[0]->choices[0].content, "Hi");
  EXPECT_FALSE(terminal(answer));
}

TEST(TgiReply, ErrorIsNoAnswer) {
  const char* body = R"({"error":"Model is overloaded","error_type":"overloaded"})";
  auto read = read_reply(body);
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<openai::ErrorObject>(*read).message, "Model is overloaded");
  auto part = read_chunk(body);
  ASSERT_TRUE(part);
  EXPECT_EQ(std::get<openai::ErrorObject>(*part).body, body);
}

TEST(TgiReply, ForeignShapesAreInvalid) {
  for (const char* body : {"", "1", "[]", "{}", "[{},{}]", R"({"generated_text":1})"}) {
    EXPECT_FALSE(read_reply(body)) << body;
  }
  for (const char* data : {"", "[]", "{}", R"({"token":{}})", R"({"token":{"text":1}})"}) {
    EXPECT_FALSE(read_chunk(data)) << data;
  }
}

}  // namespace
}  // namespace refrain::wire::tgi
