#include "llama/sampler.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "llama/vocabulary.h"
#include "tests/support/tiny_model.h"

namespace refrain::llama {
namespace {

class SamplerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Context::open(model_, {.cells = 128, .sequences = 1, .threads = 1});
    ASSERT_TRUE(opened) << opened.error().what;
    context_ = std::move(*opened);
  }

  // Writes tokens from the same start until `count` or the end; the text they make.
  std::string write(const Sampling& sampling, const Constraint& constraint, int count) {
    auto sampler = Sampler::open(model_, sampling, constraint, 64);
    if (!sampler) return "error: " + sampler.error().what;
    context_->clear();
    std::string out;
    TokenId last = 500;
    for (int i = 0; i < count; ++i) {
      const Context::Token token{last, i, 0, Context::Output::logits};
      EXPECT_TRUE(context_->decode({&token, 1}));
      auto chosen = (*sampler)->choose(*context_, 0);
      if (!chosen) return "error: " + chosen.error().what;
      last = *chosen;
      if (words_.ends(last)) break;
      words_.append(last, Vocabulary::Marks::plain, out);
    }
    return out;
  }

  std::shared_ptr<const Model> model_ = tests::tiny_model("gqa");
  Vocabulary words_{model_};
  std::unique_ptr<Context> context_;
};

TEST_F(SamplerTest, TemperatureZeroChoosesTheLargestLogit) {
  const Context::Token token{500, 0, 0, Context::Output::logits};
  ASSERT_TRUE(context_->decode({&token, 1}));
  auto sampler = Sampler::open(model_, {.temperature = 0}, {}, 64);
  ASSERT_TRUE(sampler);
  auto chosen = (*sampler)->choose(*context_, 0);
  ASSERT_TRUE(chosen);
  auto logits = context_->logits(0);
  EXPECT_EQ(*chosen, std::ranges::max_element(logits) - logits.begin());
}

TEST_F(SamplerTest, TheSameSeedWritesTheSameText) {
  const Sampling one{.temperature = 1.5F, .seed = 1};
  const Sampling two{.temperature = 1.5F, .seed = 2};
  EXPECT_EQ(write(one, {}, 20), write(one, {}, 20));
  EXPECT_NE(write(one, {}, 20), write(two, {}, 20));
}

TEST_F(SamplerTest, ABiasForbidsAToken) {
  const Context::Token token{500, 0, 0, Context::Output::logits};
  ASSERT_TRUE(context_->decode({&token, 1}));
  auto greedy = Sampler::open(model_, {.temperature = 0}, {}, 64);
  auto first = (*greedy)->choose(*context_, 0);
  auto biased = Sampler::open(model_, {.temperature = 0, .bias = {{*first, -100.0F}}}, {}, 64);
  auto other = (*biased)->choose(*context_, 0);
  ASSERT_TRUE(other);
  EXPECT_NE(*other, *first);
  auto wanted = Sampler::open(model_, {.temperature = 0, .bias = {{7, 1.0F}, {7, 99.0F}}}, {}, 64);
  EXPECT_EQ(*(*wanted)->choose(*context_, 0), 7);
}

TEST_F(SamplerTest, AGrammarIsKept) {
  Constraint digits{.kind = Constraint::Kind::grammar, .grammar = "root ::= [0-9] [0-9] [0-9]"};
  const std::string text = write({.temperature = 0}, digits, 20);
  ASSERT_EQ(text.size(), 3U) << text;
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) << text;
}

TEST_F(SamplerTest, AGrammarThatCannotBeReadIsInvalid) {
  auto sampler = Sampler::open(
      model_, {}, {.kind = Constraint::Kind::grammar, .grammar = "root ::= [unclosed"}, 64);
  ASSERT_FALSE(sampler);
  EXPECT_EQ(sampler.error().code, base::Code::invalid);
}

TEST_F(SamplerTest, ARepeatPenaltyCountsThePrompt) {
  const Context::Token token{500, 0, 0, Context::Output::logits};
  ASSERT_TRUE(context_->decode({&token, 1}));
  auto greedy = Sampler::open(model_, {.temperature = 0}, {}, 64);
  auto first = (*greedy)->choose(*context_, 0);
  auto shy = Sampler::open(model_, {.temperature = 0, .repeat_penalty = 100.0F}, {}, 64);
  const std::vector<TokenId> prompt{*first};
  (*shy)->read_prompt(prompt);
  auto other = (*shy)->choose(*context_, 0);
  ASSERT_TRUE(other);
  EXPECT_NE(*other, *first);
}

}  // namespace
}  // namespace refrain::llama
