// What reuse and batching must not change: the answers.
#include "engine/runner.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/engine_probe.h"

namespace refrain::engine {
namespace {

using tests::Answered;
using tests::EngineProbe;
using tests::words;

constexpr const char* kLogprobs = R"(,"logprobs":3)";

// Log probabilities of the answer's tokens.
std::vector<double> chances(const Answered& answer) {
  std::vector<double> out;
  const json::Value* list = answer.folded.choices[0].logprobs.find("token_logprobs");
  for (const json::Value& value : *list->array()) out.push_back(*value.as_double());
  return out;
}

void expect_same(const Answered& reused, const Answered& full) {
  ASSERT_FALSE(reused.error) << reused.error->what;
  EXPECT_EQ(reused.text(), full.text());
  const std::vector<double> a = chances(reused);
  const std::vector<double> b = chances(full);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 0.05) << i;
}

// Other batches round otherwise, and these models often find two tokens equally likely: a greedy
// answer may go another way there, and only there. Needs kLogprobs.
void expect_same_but_for_ties(const Answered& one, const Answered& other) {
  ASSERT_FALSE(one.error) << one.error->what;
  ASSERT_FALSE(other.error) << other.error->what;
  const json::Value& left = one.folded.choices[0].logprobs;
  const json::Value& right = other.folded.choices[0].logprobs;
  const json::Array& tokens = *left.find("tokens")->array();
  const json::Array& others = *right.find("tokens")->array();
  ASSERT_EQ(tokens.size(), others.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] == others[i]) continue;
    const json::Value& top = (*left.find("top_logprobs")->array())[i];
    const json::Value* rival = top.find(*others[i].string());
    ASSERT_NE(rival, nullptr) << "token " << i << " is no rival: " << one.text();
    EXPECT_NEAR(*rival->as_double(), *(*left.find("token_logprobs")->array())[i].as_double(), 0.1);
    return;
  }
}

class RunnerTest : public testing::TestWithParam<const char*> {
 protected:
  static Answered fresh(const std::string& prompt, std::size_t tokens) {
    EngineProbe probe(EngineProbe::small(), GetParam());
    return probe.complete(prompt, tokens, kLogprobs).result();
  }
};

TEST_P(RunnerTest, EveryCutOfAPromptIsReusedFromCellsWithoutChangingTheAnswer) {
  const std::string prompt = words(60);
  const Answered full = fresh(prompt, 8);
  for (std::size_t cut = 1; cut <= 60; cut += 7) {
    EngineProbe probe(EngineProbe::small(), GetParam());
    (void)probe.complete(words(cut) + words(5, 90), 2).result();
    const Answered reused = probe.complete(prompt, 8, kLogprobs).result();
    expect_same(reused, full);
    EXPECT_EQ(reused.reuse->rung, "prefix");
    EXPECT_GE(reused.cached(), static_cast<std::int64_t>(cut)) << cut;
    EXPECT_EQ(reused.reuse->reused_tokens + reused.reuse->prefilled_tokens,
              static_cast<std::size_t>(reused.used("prompt_tokens")));
  }
}

TEST_P(RunnerTest, EveryCutOfAPromptIsRestoredFromBlocksWithoutChangingTheAnswer) {
  const std::string prompt = words(60);
  const Answered full = fresh(prompt, 8);
  for (std::size_t cut = 1; cut <= 60; cut += 7) {
    MemoryBlocks blocks({.block_tokens = 16});
    {
      EngineProbe first(EngineProbe::small(), GetParam(), &blocks);
      (void)first.complete(words(cut) + words(5, 90), 2).result();
      first.wait_for_blocks(1 + cut / 16);
    }
    EngineProbe second(EngineProbe::small(), GetParam(), &blocks);  // another context, empty cells
    const Answered reused = second.complete(prompt, 8, kLogprobs).result();
    expect_same(reused, full);
    EXPECT_EQ(reused.reuse->rung, "prefix");
    EXPECT_GT(second.engine().stats().restored_tokens, 0U);
    EXPECT_EQ(second.engine().stats().shared_tokens, 0U);
  }
}

TEST_P(RunnerTest, AnIdenticalPromptComputesOneToken) {
  EngineProbe probe(EngineProbe::small(), GetParam());
  const std::string prompt = words(50);
  const Answered first = probe.complete(prompt, 8, kLogprobs).result();
  const Answered again = probe.complete(prompt, 8, kLogprobs).result();
  expect_same(again, first);
  EXPECT_EQ(first.reuse->rung, "none");
  EXPECT_EQ(again.reuse->prefilled_tokens, 1U);
}

TEST_P(RunnerTest, AnAnswerIsThereForTheNextTurn) {
  EngineProbe probe(EngineProbe::small(), GetParam());
  // Single letters, since those are tokenized as they were written, if they are no byte tokens.
  const std::string prompt = words(20) + "x";
  const Answered first = probe.complete(prompt, 10, R"(,"grammar":"root ::= [b-d]{20}",
      "logit_bias":{"101":-100,"102":-100,"103":-100})").result();
  const std::string turn = prompt + first.text() + words(5, 70);
  const Answered next = probe.complete(turn, 8, kLogprobs).result();
  EXPECT_GT(next.cached(), first.used("prompt_tokens") + 3);
  expect_same(next, fresh(turn, 8));
}

TEST_P(RunnerTest, AfterEvictionThePromptIsComputedOrRestoredAllTheSame) {
  MemoryBlocks blocks({.block_tokens = 16});
  Options options = EngineProbe::small();
  options.cells = 256;
  options.kept_max = 2;
  EngineProbe probe(options, GetParam(), &blocks);
  const std::string prompt = words(60);
  const Answered first = probe.complete(prompt, 8, kLogprobs).result();
  probe.wait_for_blocks(4);
  for (std::size_t i = 1; i < 6; ++i) {
    (void)probe.complete(words(60, 100 * i + i), 8).result();
  }
  EXPECT_GT(probe.engine().stats().evicted, 0U);
  const Answered again = probe.complete(prompt, 8, kLogprobs).result();
  expect_same(again, first);
  EXPECT_EQ(again.reuse->rung, "prefix");
  EXPECT_GT(probe.engine().stats().restored_tokens, 0U);
}

TEST_P(RunnerTest, EightStreamsAtOnceAnswerAsEachAlone) {
  EngineProbe alone(EngineProbe::small(), GetParam());
  EngineProbe together(EngineProbe::small(), GetParam());
  std::vector<Answered> single;
  std::vector<tests::Asked> asked;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::string prompt = words(10 + 9 * i, 31 * i);
    single.push_back(alone.complete(prompt, 20, kLogprobs).result());
    asked.push_back(together.complete(prompt, 20, kLogprobs));
  }
  for (std::size_t i = 0; i < 8; ++i) expect_same_but_for_ties(asked[i].result(), single[i]);
}

INSTANTIATE_TEST_SUITE_P(Shapes, RunnerTest, testing::Values("gqa", "tied", "neox"));

TEST(Runner, AnotherRealmReusesNothing) {
  MemoryBlocks blocks({.block_tokens = 16});
  EngineProbe probe(EngineProbe::small(), "gqa", &blocks);
  const std::string prompt = words(40);
  (void)probe.complete(prompt, 2, "", "a").result();
  probe.wait_for_blocks(3);
  EXPECT_EQ(probe.complete(prompt, 2, "", "b").result().reuse->rung, "none");
  EXPECT_EQ(probe.complete(prompt, 2, "", "").result().reuse->rung, "none");
  EXPECT_EQ(probe.complete(prompt, 2, "", "a").result().reuse->rung, "prefix");
}

TEST(Runner, PromptsThatBeginAlikeAreReadOnceEvenAtTheSameTime) {
  EngineProbe probe;
  std::vector<tests::Asked> asked;
  for (std::size_t i = 0; i < 4; ++i) {
    asked.push_back(probe.complete(words(100) + words(4, 500 + 7 * i), 4));
  }
  std::int64_t longest = 0;
  for (tests::Asked& one : asked) {
    const Answered answer = one.result();
    ASSERT_FALSE(answer.error) << answer.error->what;
    longest = std::max(longest, answer.used("prompt_tokens"));
  }
  // 300 shared tokens once; each waits for all of them but wait_tokens, and has a few of its own.
  EXPECT_LT(probe.engine().stats().prefilled_tokens,
            static_cast<std::uint64_t>(longest) + 3 * (EngineProbe::small().wait_tokens + 20));
}

TEST(Runner, StreamsThatLeaveFreeTheirCellsWhileOthersGoOn) {
  EngineProbe probe;
  const Answered expected = probe.complete("ba de", 60, kLogprobs).result();
  std::vector<tests::Asked> leaving;
  for (std::size_t i = 0; i < 6; ++i) {
    leaving.push_back(probe.complete(words(20, 13 * i), 900, "", ""));
  }
  tests::Asked staying = probe.complete("ba de", 60, kLogprobs);
  for (tests::Asked& one : leaving) {
    ASSERT_TRUE(one.wait(3));
    one.flight().leave();
  }
  expect_same_but_for_ties(staying.result(), expected);
  for (tests::Asked& one : leaving) {
    Answered answer = one.result();
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->code, base::Code::cancelled);
  }
  EXPECT_FALSE(probe.complete(words(200), 300).result().error);
}

TEST(Runner, WhenCellsRunOutTheYoungestPausesAndStillAnswersTheSame) {
  Options options = EngineProbe::small();
  options.cells = 256;
  options.kept_max = 4;
  std::vector<Answered> alone;
  for (std::size_t i = 0; i < 4; ++i) {
    EngineProbe one(options);
    alone.push_back(one.complete(words(20, 40 * i), 100, kLogprobs).result());
  }
  EngineProbe probe(options);
  std::vector<tests::Asked> asked;
  for (std::size_t i = 0; i < 4; ++i) {
    asked.push_back(probe.complete(words(20, 40 * i), 100, kLogprobs));
  }
  for (std::size_t i = 0; i < 4; ++i) expect_same_but_for_ties(asked[i].result(), alone[i]);
  EXPECT_GT(probe.engine().stats().preempted, 0U);
}

TEST(Runner, ARunningStreamGoesOnWhileALongPromptIsRead) {
  Options options = EngineProbe::small();
  options.cells = 2048;
  options.chunk_tokens = 16;
  EngineProbe probe(options);
  tests::Asked writing = probe.complete("ba de fi", 400);
  ASSERT_TRUE(writing.wait(2));
  const std::size_t before = writing.flight().read(0).events.size();
  tests::Asked reading = probe.complete(words(270, 3), 1);
  EXPECT_FALSE(reading.result().error);
  const std::size_t during = writing.flight().read(0).events.size() - before;
  // 800 tokens in chunks of 16 are 50 steps, in each of which the writer gets a token.
  EXPECT_GE(during, 30U);
}

TEST(Runner, WhatNobodyMayShareDoesNotStayInTheCells) {
  EngineProbe probe;
  (void)probe.complete(words(40), 2, "", "").result();
  (void)probe.complete(words(40, 3), 2).result();
  EXPECT_EQ(probe.complete(words(40, 3), 2).result().reuse->rung, "prefix");
  EXPECT_EQ(probe.engine().stats().kept, 1U);
}

TEST(Runner, AForgottenRealmIsComputedAgain) {
  MemoryBlocks blocks({.block_tokens = 16});
  EngineProbe probe(EngineProbe::small(), "gqa", &blocks);
  (void)probe.complete(words(40), 2).result();
  probe.wait_for_blocks(3);
  ASSERT_TRUE(probe.engine().clear("t"));
  EXPECT_EQ(probe.complete(words(40), 2).result().reuse->rung, "none");
}

TEST(Runner, ANameThatTheStoreCannotGiveFailsTheAnswer) {
  MemoryBlocks blocks({.block_tokens = 16});
  EngineProbe probe(EngineProbe::small(), "gqa", &blocks);
  chat::Request request;
  request.dialect = chat::Dialect::openai_completion;
  request.realm = "t";
  request.kv_name = "manual";
  request.body = *json::parse(EngineProbe::greedy(words(40), 4));
  auto flight = std::make_shared<chat::Flight>(std::size_t{1} << 20U);
  tests::Asked asked(flight);
  probe.engine().start({}, request, flight);
  const auto error = asked.result().error;
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, base::Code::unsupported);
}

TEST(Runner, ABlockThatCannotBeLoadedIsComputed) {
  // Finds everything and gives nothing.
  class Broken final : public BlockStore {
   public:
    class All final : public Match {
     public:
      std::span<const Piece> pieces() const noexcept override { return {&piece_, 1}; }
      Piece piece_{{0, 32}, 32, policy::Source::disk};
    };
    std::unique_ptr<Match> find(std::string_view, std::span<const TokenId>) override {
      return std::make_unique<All>();
    }
    base::Result<std::shared_ptr<const llama::Rows>> load(const base::Call&, const Match&,
                                                          std::size_t) override {
      return base::fail(base::Code::corrupt, "a flipped bit");
    }
    base::Result<std::unique_ptr<Draft>> begin(NewPrompt) override {
      return base::fail(base::Code::unavailable, "full");
    }
    base::Result<> clear(std::string_view) override { return {}; }
    BlockStats stats() const override { return {}; }
  };
  base::SystemClock clock;
  Broken broken;
  auto engine = Engine::open(tests::tiny_model("gqa"), EngineProbe::small(), {clock, &broken});
  ASSERT_TRUE(engine);
  chat::Request request;
  request.dialect = chat::Dialect::openai_completion;
  request.realm = "t";
  request.body = *json::parse(EngineProbe::greedy(words(40), 4));
  auto flight = std::make_shared<chat::Flight>(std::size_t{1} << 20U);
  tests::Asked asked(flight);
  (*engine)->start({}, request, flight);
  const Answered answer = asked.result();
  ASSERT_FALSE(answer.error);
  EXPECT_EQ(answer.reuse->rung, "none");
  EXPECT_EQ((*engine)->stats().restores_failed, 1U);
  (*engine)->stop();
}

}  // namespace
}  // namespace refrain::engine
