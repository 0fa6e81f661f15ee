#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/engine_probe.h"

namespace refrain::engine {
namespace {

using chat::Dialect;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::Answered;
using tests::EngineProbe;
using tests::words;

TEST(Engine, OptionsThatMakeNoSenseAreInvalid) {
  base::SystemClock clock;
  auto engine = Engine::open(tests::tiny_model("gqa"), {.parallel = 0}, {clock});
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, base::Code::invalid);
}

TEST(Engine, AChatIsAnsweredWithUsageAndFinish) {
  EngineProbe probe;
  Answered answer = probe.start(Dialect::openai_chat,
                                R"({"messages":[{"role":"user","content":"Hi"}],
                                    "temperature":0,"max_tokens":5,"ignore_eos":true})")
                        .result();
  ASSERT_FALSE(answer.error) << answer.error->what;
  EXPECT_FALSE(answer.text().empty());
  EXPECT_THAT(answer.finishes, ElementsAre("length"));
  EXPECT_EQ(answer.used("completion_tokens"), 5);
  EXPECT_GT(answer.used("prompt_tokens"), 5);
  EXPECT_EQ(answer.folded.choices[0].role, "assistant");
}

TEST(Engine, GreedyAnswersAreTheSameEveryTime) {
  EngineProbe probe;
  const std::string first = probe.complete("ba de fi", 20).result().text();
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(probe.complete("ba de fi", 20).result().text(), first);
}

TEST(Engine, TheSameSeedGivesTheSameAnswerAnotherSeedAnother) {
  EngineProbe probe;
  const auto ask = [&](int seed) {
    return probe
        .start(Dialect::openai_completion, R"({"prompt":"ba","max_tokens":20,"ignore_eos":true,)"
                                           "\"temperature\":1.5,\"seed\":" +
                                               std::to_string(seed) + "}")
        .result()
        .text();
  };
  EXPECT_EQ(ask(1), ask(1));
  EXPECT_NE(ask(1), ask(2));
}

TEST(Engine, SeveralChoicesShareOnePromptAndDiffer) {
  EngineProbe probe;
  Answered answer = probe.start(Dialect::openai_completion,
                                R"({"prompt":"ba de fi go","max_tokens":12,"n":3,"seed":5,
                                    "temperature":1.2,"ignore_eos":true})")
                        .result();
  ASSERT_EQ(answer.texts.size(), 3U);
  EXPECT_NE(answer.texts[0], answer.texts[1]);
  EXPECT_NE(answer.texts[1], answer.texts[2]);
  EXPECT_EQ(answer.used("completion_tokens"), 36);
  EXPECT_LT(probe.engine().stats().prefilled_tokens, 20U);
}

TEST(Engine, ManyPromptsOfOneRequestKeepTheirOrder) {
  EngineProbe probe;
  const std::string ba = probe.complete("ba", 6).result().text();
  const std::string fi = probe.complete("fi", 6).result().text();
  Answered both = probe.start(Dialect::openai_completion,
                              R"({"prompt":["ba","fi"],"max_tokens":6,"temperature":0,
                                  "ignore_eos":true})")
                      .result();
  EXPECT_THAT(both.texts, ElementsAre(ba, fi));
}

TEST(Engine, AStopSequenceAcrossTokensEndsTheAnswerBeforeIt) {
  EngineProbe probe;
  const std::string whole = probe.complete("ba de fi", 20).result().text();
  const std::string stop = whole.substr(whole.size() / 2, 4);
  std::string quoted;
  json::quote(stop, quoted);
  Answered cut = probe.complete("ba de fi", 20, ",\"stop\":" + quoted).result();
  EXPECT_EQ(cut.text(), whole.substr(0, whole.find(stop)));
  EXPECT_THAT(cut.finishes, ElementsAre("stop"));
}

TEST(Engine, EchoBeginsWithThePrompt) {
  EngineProbe probe;
  EXPECT_TRUE(probe.complete("ba de", 3, R"(,"echo":true)").result().text().starts_with("ba de"));
}

TEST(Engine, AnAnswerWithoutNewTokensEndsAtItsLength) {
  EngineProbe probe;
  Answered answer = probe.complete("ba de", 0).result();
  EXPECT_THAT(answer.finishes, ElementsAre("length"));
  EXPECT_EQ(answer.used("completion_tokens"), 0);
}

TEST(Engine, LogProbabilitiesComeWithTheirTokens) {
  EngineProbe probe;
  Answered answer =
      probe.start(Dialect::openai_chat,
                  R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":4,"temperature":0,
                      "logprobs":true,"top_logprobs":2,"ignore_eos":true})")
          .result();
  const json::Value* content = answer.folded.choices[0].logprobs.find("content");
  ASSERT_NE(content, nullptr);
  ASSERT_EQ(content->array()->size(), 4U);
  std::string joined;
  for (const json::Value& token : *content->array()) joined += token.text("token");
  EXPECT_EQ(joined, answer.text());
  const json::Value& first = content->array()->front();
  EXPECT_EQ(first.find("top_logprobs")->array()->front().text("token"), first.text("token"));
}

TEST(Engine, JsonIsWrittenWhereItIsAskedFor) {
  EngineProbe probe;
  Answered answer =
      probe.start(Dialect::openai_chat,
                  R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":300,
                      "temperature":0,"response_format":{"type":"json_schema","json_schema":
                      {"name":"x","schema":{"type":"object","properties":
                      {"a":{"type":"boolean"}},"required":["a"],
                      "additionalProperties":false}}}})")
          .result();
  ASSERT_FALSE(answer.error) << answer.error->what;
  auto parsed = json::parse(answer.text());
  ASSERT_TRUE(parsed) << answer.text();
  EXPECT_NE(parsed->find("a"), nullptr);
}

TEST(Engine, AToolIsCalledAsTheTemplateWritesIt) {
  EngineProbe probe;
  auto call = probe.start(Dialect::openai_chat, R"({"messages":[{"role":"user","content":"Hi"}],
      "tools":[{"type":"function","function":{"name":"look_up","description":"finds",
      "parameters":{"type":"object","properties":{"yes":{"type":"boolean"}},"required":["yes"]}}}],
      "tool_choice":"required","logit_bias":{"354":9},"max_tokens":300,"temperature":0})");
  const Answered answer = call.result();
  ASSERT_FALSE(answer.error) << answer.error->what;
  ASSERT_EQ(answer.folded.choices[0].tools.size(), 1U) << answer.text();
  const chat::ToolDelta& tool = answer.folded.choices[0].tools.front();
  EXPECT_EQ(tool.name, "look_up");
  EXPECT_TRUE(tool.id.starts_with("call_"));
  auto arguments = json::parse(tool.arguments);
  ASSERT_TRUE(arguments) << tool.arguments;
  EXPECT_TRUE(arguments->find("yes")->is_bool());
  EXPECT_THAT(answer.finishes, ElementsAre("tool_calls"));
}

TEST(Engine, APromptBeyondTheContextIsRefusedWithTheNumbers) {
  EngineProbe probe;
  Answered answer = probe.complete(words(2000), 5).result();
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, base::Code::invalid);
  EXPECT_THAT(answer.error->what, HasSubstr("the context takes 1024"));
  Answered longer = probe.complete(words(5), 5000).result();
  ASSERT_TRUE(longer.error);
  EXPECT_THAT(longer.error->what, HasSubstr("5000 new ones"));
}

TEST(Engine, BadRequestsEndTheFlightAtOnce) {
  EngineProbe probe;
  for (const char* body :
       {R"({"prompt":"a","temperature":-1})", R"({"prompt":[999999]})",
        R"({"prompt":"a","grammar":"root ::= ["})", R"({"prompt":"a","n":99})"}) {
    Answered answer = probe.start(Dialect::openai_completion, body).result();
    ASSERT_TRUE(answer.error) << body;
    EXPECT_EQ(answer.error->code, base::Code::invalid) << answer.error->what;
  }
}

TEST(Engine, TgiAndGkvAreAnsweredToo) {
  EngineProbe probe;
  for (const Dialect dialect : {Dialect::tgi, Dialect::gkv}) {
    Answered answer =
        probe.start(dialect, R"({"inputs":"ba de","parameters":{"max_new_tokens":4}})").result();
    ASSERT_FALSE(answer.error) << answer.error->what;
    EXPECT_LE(answer.used("completion_tokens"), 4);
  }
}

TEST(Engine, ALateAnswerEndsWithItsDeadline) {
  EngineProbe probe;
  Answered answer = probe
                        .start(Dialect::openai_completion, EngineProbe::greedy("ba", 900), "t",
                               base::SystemClock().now())
                        .result();
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, base::Code::deadline);
}

TEST(Engine, AFullQueueIsBusyAtOnce) {
  Options options = EngineProbe::small();
  options.parallel = 1;
  options.queue_max = 2;
  EngineProbe probe(options);
  std::vector<tests::Asked> asked;
  for (int i = 0; i < 12; ++i) asked.push_back(probe.complete("ba " + words(3, i), 300));
  int busy = 0;
  for (tests::Asked& one : asked) {
    Answered answer = one.result();
    if (answer.error && answer.error->code == base::Code::busy) ++busy;
  }
  EXPECT_GT(busy, 0);
  EXPECT_LT(busy, 12);
  EXPECT_EQ(probe.engine().stats().busy, static_cast<std::uint64_t>(busy));
}

TEST(Engine, StoppingEndsWhatRunsAndWhatWaits) {
  Options options = EngineProbe::small();
  options.parallel = 1;
  EngineProbe probe(options);
  tests::Asked running = probe.complete("ba", 900);
  tests::Asked waiting = probe.complete("fi", 900);
  ASSERT_TRUE(running.wait(2));
  probe.engine().stop();
  for (tests::Asked* one : {&running, &waiting}) {
    Answered answer = one->result();
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->code, base::Code::cancelled);
  }
}

TEST(Engine, EntriesTellOfComputedPrompts) {
  EngineProbe probe;
  Answered answer = probe.complete("ba de fi go", 2).result();
  ASSERT_TRUE(answer.reuse);
  auto entry = probe.engine().entry(answer.reuse->entry, "t");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->request_id, "req-1");
  EXPECT_EQ(static_cast<std::int64_t>(entry->prefix_tokens), answer.used("prompt_tokens"));
  EXPECT_EQ(probe.engine().clear("t").value(), 1U);
  EXPECT_FALSE(probe.engine().entry(answer.reuse->entry, "t"));
}

}  // namespace
}  // namespace refrain::engine
