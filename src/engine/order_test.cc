#include "engine/order.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

base::Result<Order> read(chat::Dialect dialect, std::string_view body) {
  chat::Request request;
  request.dialect = dialect;
  auto parsed = json::parse(body);
  EXPECT_TRUE(parsed) << body;
  request.body = std::move(*parsed);
  return read_order(request);
}

base::Result<Order> chat_order(std::string_view more) {
  return read(chat::Dialect::openai_chat,
              R"({"messages":[{"role":"user","content":"Hi"}])" + std::string(more) + "}");
}

TEST(Order, AChatWithoutParametersSamplesPlainlyWithoutLimit) {
  auto order = chat_order("");
  ASSERT_TRUE(order) << order.error().what;
  EXPECT_EQ(order->sampling, llama::Sampling{});
  EXPECT_FALSE(order->tokens_max);
  EXPECT_FALSE(order->top_logprobs);
  EXPECT_EQ(order->choices, 1U);
}

TEST(Order, SamplingParametersAreRead) {
  auto order = chat_order(R"(,"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.1,"seed":-1,
    "frequency_penalty":0.1,"presence_penalty":0.2,"repetition_penalty":1.1,
    "logit_bias":{"7":-100,"8":2.5},"max_tokens":5,"max_completion_tokens":6,"n":3,
    "stop":["a","","b"],"logprobs":true,"top_logprobs":4)");
  ASSERT_TRUE(order) << order.error().what;
  EXPECT_FLOAT_EQ(order->sampling.temperature, 0.5F);
  EXPECT_FLOAT_EQ(order->sampling.repeat_penalty, 1.1F);
  EXPECT_EQ(order->sampling.top_k, 40);
  EXPECT_TRUE(order->sampling.seed);
  ASSERT_EQ(order->sampling.bias.size(), 2U);
  EXPECT_TRUE(std::isinf(order->sampling.bias[0].second));
  EXPECT_EQ(order->tokens_max, 6U);
  EXPECT_EQ(order->choices, 3U);
  EXPECT_THAT(order->stops, ElementsAre("a", "b"));
  EXPECT_EQ(order->top_logprobs, 4U);
}

TEST(Order, ValuesOutOfRangeAreNamed) {
  for (const char* more : {R"(,"temperature":-1)", R"(,"top_p":2)", R"(,"n":0)", R"(,"n":1.5)",
                           R"(,"stop":5)", R"(,"logit_bias":{"x":1})", R"(,"max_tokens":"5")",
                           R"(,"response_format":{"type":"xml"})", R"(,"reuse":"yes")"}) {
    auto order = chat_order(more);
    ASSERT_FALSE(order) << more;
    EXPECT_EQ(order.error().code, base::Code::invalid);
    EXPECT_THAT(order.error().what, HasSubstr("'")) << more;
  }
}

TEST(Order, FormatsBecomeSchemas) {
  auto any = chat_order(R"(,"response_format":{"type":"json_object"})");
  auto own = chat_order(R"(,"response_format":{"type":"json_schema","json_schema":
    {"name":"x","schema":{"type":"array"}}})");
  ASSERT_TRUE(any && own);
  EXPECT_EQ(any->chat->schema, R"({"type":"object"})");
  EXPECT_EQ(own->chat->schema, R"({"type":"array"})");
}

TEST(Order, PromptsMayBeTextTokensOrLists) {
  const auto count = [](std::string_view prompt) {
    auto order = read(chat::Dialect::openai_completion,
                      "{\"prompt\":" + std::string(prompt) + "}");
    return order ? order->prompts.size() : 0;
  };
  EXPECT_EQ(count("\"a\""), 1U);
  EXPECT_EQ(count("[1,2,3]"), 1U);
  EXPECT_EQ(count("[\"a\",\"b\"]"), 2U);
  EXPECT_EQ(count("[[1],[2,3]]"), 2U);
  EXPECT_EQ(count("[-1]"), 0U);
  EXPECT_EQ(count("[[]]"), 0U);
  EXPECT_EQ(count("{}"), 0U);
}

TEST(Order, ACompletionWithoutLimitHasOpenAisOwn) {
  auto order = read(chat::Dialect::openai_completion, R"({"prompt":"a"})");
  ASSERT_TRUE(order);
  EXPECT_EQ(order->tokens_max, 16U);
}

TEST(Order, TgiIsGreedyUnlessItIsAskedToSample) {
  auto greedy = read(chat::Dialect::tgi, R"({"inputs":"a"})");
  auto sampled = read(chat::Dialect::tgi,
                      R"({"inputs":"a","parameters":{"temperature":0.7,"stop":["x"],
                          "max_new_tokens":3,"truncate":9}})");
  ASSERT_TRUE(greedy && sampled);
  EXPECT_EQ(greedy->sampling.temperature, 0);
  EXPECT_EQ(greedy->tokens_max, 100U);
  EXPECT_FLOAT_EQ(sampled->sampling.temperature, 0.7F);
  EXPECT_EQ(sampled->prompt_tokens_max, 9U);
  EXPECT_THAT(sampled->stops, ElementsAre("x"));
}

TEST(Order, WhatCannotBeDoneIsRefusedNotLeftOut) {
  for (const char* body :
       {R"({"prompt":"a","suffix":"b"})", R"({"prompt":"a","best_of":3})",
        R"({"prompt":"a","echo":true,"logprobs":1})"}) {
    auto order = read(chat::Dialect::openai_completion, body);
    ASSERT_FALSE(order) << body;
    EXPECT_EQ(order.error().code, base::Code::unsupported) << body;
  }
}

}  // namespace
}  // namespace refrain::engine
