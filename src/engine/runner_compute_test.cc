// What ends a stream, and what a step does when there is no room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/engine_probe.h"

namespace refrain::engine {
namespace {

using testing::ElementsAre;
using tests::Answered;
using tests::EngineProbe;
using tests::words;

TEST(RunnerCompute, AnAnswerWithoutLimitEndsWithTheContext) {
  Options options = EngineProbe::small();
  options.cells = 256;
  EngineProbe probe(options);
  Answered answer = probe.start(chat::Dialect::openai_chat,
                                R"({"messages":[{"role":"user","content":"ba"}],"temperature":0,
                                    "ignore_eos":true})")
                        .result();
  ASSERT_FALSE(answer.error) << answer.error->what;
  EXPECT_THAT(answer.finishes, ElementsAre("length"));
  EXPECT_EQ(answer.used("total_tokens"), 256);
}

TEST(RunnerCompute, TheEndTokenEndsAnAnswer) {
  EngineProbe probe;
  Answered answer = probe.start(chat::Dialect::openai_completion,
                                R"({"prompt":"ba de","max_tokens":400,"temperature":1,"seed":3})")
                        .result();
  ASSERT_FALSE(answer.error);
  EXPECT_THAT(answer.finishes, ElementsAre("stop"));
  EXPECT_LT(answer.used("completion_tokens"), 400);
}

TEST(RunnerCompute, CountersTellWhatWasComputedAndWhatWasNot) {
  EngineProbe probe;
  const Answered first = probe.complete(words(30), 5).result();
  const Answered again = probe.complete(words(30), 5).result();
  const Stats stats = probe.engine().stats();
  EXPECT_EQ(stats.prefilled_tokens,
            first.reuse->prefilled_tokens + again.reuse->prefilled_tokens);
  EXPECT_EQ(stats.reused_tokens(), again.reuse->reused_tokens);
  EXPECT_EQ(stats.decoded_tokens, 8U);  // the last token of an answer is never computed
  EXPECT_EQ(stats.answered, 2U);
}

TEST(RunnerCompute, ChoicesAreWrittenTogether) {
  EngineProbe probe;
  const std::uint64_t before = probe.engine().stats().steps;
  Answered answer = probe.start(chat::Dialect::openai_completion,
                                R"({"prompt":"ba de","max_tokens":40,"n":4,"temperature":1,
                                    "ignore_eos":true})")
                        .result();
  EXPECT_EQ(answer.texts.size(), 4U);
  EXPECT_LT(probe.engine().stats().steps - before, 60U);
}

TEST(RunnerCompute, APromptInTheCellsIsKeptForAsManyAsAreAllowed) {
  Options options = EngineProbe::small();
  options.kept_max = 2;
  EngineProbe probe(options);
  for (std::size_t i = 0; i < 5; ++i) (void)probe.complete(words(10, 50 * i), 2).result();
  EXPECT_LE(probe.engine().stats().kept, 2);
}

}  // namespace
}  // namespace refrain::engine
