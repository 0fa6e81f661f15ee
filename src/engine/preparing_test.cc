#include "engine/preparing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/memory_blocks.h"
#include "tests/support/tiny_model.h"

namespace refrain::engine {
namespace {

using testing::HasSubstr;

class PreparingTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = llama::ChatTemplate::open(model_);
    ASSERT_TRUE(opened);
    chats_ = std::move(*opened);
    preparing_.emplace(Preparing::Rooms{model_, words_, *chats_, &blocks_, clock_},
                       Preparing::Limits{100, 4, "m"});
  }
  base::Result<std::vector<std::unique_ptr<Job>>> prepare(std::string_view body,
                                                          chat::Dialect dialect) {
    chat::Request request;
    request.dialect = dialect;
    request.realm = "t";
    request.id = "req-7";
    request.body = *json::parse(body);
    return preparing_->prepare({}, request, std::make_shared<chat::Flight>(std::size_t{1} << 20U));
  }

  std::shared_ptr<const llama::Model> model_ = tests::tiny_model("gqa");
  llama::Vocabulary words_{model_};
  std::unique_ptr<llama::ChatTemplate> chats_;
  MemoryBlocks blocks_{{}};
  base::SystemClock clock_;
  std::optional<Preparing> preparing_;
};

TEST_F(PreparingTest, AChatBecomesOneJobOfItsTemplatesTokens) {
  auto jobs = prepare(R"({"messages":[{"role":"user","content":"ba"}]})",
                      chat::Dialect::openai_chat);
  ASSERT_TRUE(jobs) << jobs.error().what;
  ASSERT_EQ(jobs->size(), 1U);
  const Job& job = *jobs->front();
  EXPECT_EQ(words_.text(job.prompt, llama::Vocabulary::Marks::plain),
            " user: baassistant:");
  EXPECT_EQ(job.prompt.front(), 1);
  EXPECT_EQ(job.tokens_max, 100 - job.prompt.size());
  EXPECT_EQ(job.request_id, "req-7");
}

TEST_F(PreparingTest, OnlyOnePromptOfATenantThatMayBeKeptHasAName) {
  chat::Request request;
  request.dialect = chat::Dialect::openai_completion;
  request.kv_name = "manual";
  const auto sentence = [&](std::string_view body) {
    request.body = *json::parse(body);
    auto jobs = preparing_->prepare({}, request, std::make_shared<chat::Flight>(1000U));
    return jobs ? "fine: " + jobs->front()->reply->order().prompts.front().text
                : jobs.error().what;
  };
  EXPECT_THAT(sentence(R"({"prompt":"ba"})"), HasSubstr("not certain"));
  request.realm = "t";
  EXPECT_EQ(sentence(R"({"prompt":"ba de"})"), "fine: ba de");
  EXPECT_THAT(sentence(R"({"prompt":["ba","de"]})"), HasSubstr("not 2"));
}

TEST_F(PreparingTest, EveryPromptIsAJobAndTheyShareOneReply) {
  auto jobs = prepare(R"({"prompt":["ba","de"],"n":2})", chat::Dialect::openai_completion);
  ASSERT_TRUE(jobs);
  ASSERT_EQ(jobs->size(), 2U);
  EXPECT_EQ((*jobs)[0]->reply, (*jobs)[1]->reply);
  EXPECT_EQ((*jobs)[1]->first_choice, 2U);
  EXPECT_EQ((*jobs)[1]->samplers.size(), 2U);
}

TEST_F(PreparingTest, WhatDoesNotFitIsRefusedWithTheNumbers) {
  auto long_answer = prepare(R"({"prompt":[5,6,7],"max_tokens":98})",
                             chat::Dialect::openai_completion);
  ASSERT_FALSE(long_answer);
  EXPECT_EQ(long_answer.error().what,
            "the prompt has 3 tokens and 98 new ones are asked for, the context takes 100");
  auto fits = prepare(R"({"prompt":[5,6,7],"max_tokens":97})", chat::Dialect::openai_completion);
  EXPECT_TRUE(fits);
}

TEST_F(PreparingTest, MoreChoicesThanAnswersAtOnceAreRefused) {
  auto jobs = prepare(R"({"prompt":"ba","n":5})", chat::Dialect::openai_completion);
  ASSERT_FALSE(jobs);
  EXPECT_THAT(jobs.error().what, HasSubstr("'n' is 5"));
}

TEST_F(PreparingTest, TruncatingKeepsTheEndOfThePrompt) {
  auto jobs = prepare(R"({"prompt":[5,6,7,8],"truncate_prompt_tokens":2,"max_tokens":1})",
                      chat::Dialect::openai_completion);
  ASSERT_TRUE(jobs);
  EXPECT_EQ((*jobs)[0]->prompt, (std::vector<TokenId>{7, 8}));
}

TEST_F(PreparingTest, WhatTheStoreHasIsFoundBeforeTheModelThreadIsAsked) {
  auto draft = blocks_.begin({.realm = "t", .tokens = {5, 6, 7}});
  ASSERT_TRUE((*draft)->write(std::make_shared<llama::Rows>(llama::Rows{0, 3, "rows"})));
  ASSERT_TRUE((*draft)->publish({}));
  auto jobs = prepare(R"({"prompt":[5,6,9]})", chat::Dialect::openai_completion);
  ASSERT_TRUE(jobs);
  ASSERT_TRUE((*jobs)[0]->match);
  EXPECT_EQ((*jobs)[0]->match->pieces().front().usable, 2U);
}

TEST_F(PreparingTest, AGrammarAndAFormatTogetherAreInvalid) {
  auto jobs = prepare(R"({"prompt":"ba","grammar":"root ::= [a]",
                          "response_format":{"type":"json_object"}})",
                      chat::Dialect::openai_completion);
  ASSERT_FALSE(jobs);
  EXPECT_EQ(jobs.error().code, base::Code::invalid);
}

}  // namespace
}  // namespace refrain::engine
