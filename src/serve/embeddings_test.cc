#include "serve/embeddings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/support/serve_probe.h"

namespace refrain::serve {
namespace {

using namespace std::chrono_literals;
using test::ScriptedProducer;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> inputs_of(const chat::Request& request) {
  std::vector<std::string> out;
  for (const json::Value& input : *request.body.find("input")->array()) {
    out.push_back(*input.string());
  }
  return out;
}

chat::Request request_of(const std::vector<std::string>& inputs) {
  chat::Request request;
  request.dialect = chat::Dialect::openai_embedding;
  request.body.set("input", json::Array(inputs.begin(), inputs.end()));
  return request;
}

// A batch is a list of texts; its reply is the vectors' texts in brackets.
EmbeddingWire wire() {
  EmbeddingWire wire;
  wire.split = [](const chat::Request& request) -> base::Result<EmbeddingWire::Items> {
    EmbeddingWire::Items items;
    for (const std::string& input : inputs_of(request)) {
      items.requests.push_back(request_of({input}));
      items.inputs.emplace_back(input);
    }
    if (items.inputs.empty()) return base::fail(base::Code::invalid, "'input' must not be empty");
    return items;
  };
  wire.batch = [](const chat::Request&, const EmbeddingWire::Items& items,
                  const std::vector<std::size_t>& wanted) {
    std::vector<std::string> inputs;
    for (std::size_t i : wanted) inputs.push_back(*items.inputs[i].string());
    return request_of(inputs);
  };
  wire.render = [](const std::vector<const chat::Answer*>& answers) {
    std::string out;
    for (const chat::Answer* answer : answers) out += "[" + chat::text(*answer) + "]";
    return out;
  };
  return wire;
}

struct EmbeddingsTest : testing::Test {
  EmbeddingsTest() {
    probe.model.set([](const ScriptedProducer::Asked& asked, std::size_t number) {
      asked.flight->begin({});
      for (const std::string& input : inputs_of(asked.request)) {
        asked.flight->append(test::text_event(input + std::to_string(number)));
      }
      asked.flight->finish({});
    });
  }
  EmbeddingReply ask(const std::vector<std::string>& inputs, key::Controls controls = {},
                     const char* tenant = "t") {
    Ask ask;
    ask.request = request_of(inputs);
    ask.tenant.id = tenant;
    ask.controls = std::move(controls);
    std::promise<EmbeddingReply> promise;
    embeddings.ask(std::move(ask), [&](EmbeddingReply reply) { promise.set_value(reply); });
    return promise.get_future().get();
  }
  test::ServeProbe probe;
  Embeddings embeddings{{.route = probe.options.routes[chat::Dialect::openai_embedding]}, wire(),
                        {*probe.cache, probe.model, probe.work, probe.clock}};
};

TEST_F(EmbeddingsTest, OnlyInputsThatAreNotKnownAreAskedFor) {
  EXPECT_EQ(ask({"a", "b"}).body, "[a1][b1]");
  EmbeddingReply reply = ask({"b", "c", "a"});
  EXPECT_EQ(reply.body, "[b1][c2][a1]");
  EXPECT_EQ(reply.outcome, Outcome::miss);
  EXPECT_EQ(reply.cached, 2U);
  EXPECT_THAT(inputs_of(probe.model.wait(2).request), ElementsAre("c"));
}

TEST_F(EmbeddingsTest, EqualInputsOfABatchAreAskedForOnce) {
  EXPECT_EQ(ask({"a", "b", "a"}).body, "[a1][b1][a1]");
  EXPECT_THAT(inputs_of(probe.model.wait(1).request), ElementsAre("a", "b"));
}

TEST_F(EmbeddingsTest, ABatchThatIsKnownAsAWholeIsAHit) {
  ask({"a", "b"});
  EmbeddingReply reply = ask({"b"});
  EXPECT_EQ(reply.outcome, Outcome::hit);
  EXPECT_EQ(reply.head.tier, "exact");
  EXPECT_NE(reply.head.answer_id, 0U);
  EXPECT_EQ(probe.model.count(), 1U);
}

TEST_F(EmbeddingsTest, AnotherTenantIsAskedForAnew) {
  ask({"a"});
  EXPECT_EQ(ask({"a"}, {}, "other").body, "[a2]");
}

TEST_F(EmbeddingsTest, BypassReadsAndKeepsNothing) {
  EXPECT_EQ(ask({"a"}, {.read = false, .store = false}).outcome, Outcome::bypass);
  EXPECT_EQ(ask({"a"}).outcome, Outcome::miss);
}

TEST_F(EmbeddingsTest, RefreshAsksAnewAndKeeps) {
  ask({"a"});
  EXPECT_EQ(ask({"a"}, {.read = false, .refresh = true}).outcome, Outcome::refresh);
  EXPECT_EQ(ask({"a"}).body, "[a2]");
}

TEST_F(EmbeddingsTest, AUserScopeWithoutAUserLeavesTheCacheAlone) {
  EXPECT_EQ(ask({"a"}, {.scope = key::ScopeKind::user}).outcome, Outcome::bypass);
  EXPECT_EQ(ask({"a"}, {.scope = key::ScopeKind::user}).outcome, Outcome::bypass);
}

TEST_F(EmbeddingsTest, OnlyIfCachedIsAnErrorUnlessAllIsKnown) {
  ask({"a"});
  EXPECT_EQ(ask({"a"}, {.only_if_cached = true}).outcome, Outcome::hit);
  EmbeddingReply missed = ask({"a", "b"}, {.only_if_cached = true});
  ASSERT_TRUE(missed.error);
  EXPECT_THAT(missed.error->what, HasSubstr("only-if-cached"));
  EXPECT_EQ(probe.model.count(), 1U);
}

TEST_F(EmbeddingsTest, WhatIsOlderThanMaxAgeIsAskedForAnew) {
  ask({"a"});
  probe.clock.advance(11s);
  EXPECT_EQ(ask({"a"}, {.max_age = 10s}).body, "[a2]");
}

TEST_F(EmbeddingsTest, AFullWorkQueueFailsOpen) {
  probe.work.stop();
  EXPECT_EQ(ask({"a"}).body, "[a1]");
}

TEST_F(EmbeddingsTest, ARefusalIsPassedOnAndAWrongNumberIsAnError) {
  probe.model.set([](const ScriptedProducer::Asked& asked, std::size_t number) {
    if (number == 1) {
      asked.flight->finish({chat::End::Kind::refused, {429, {}, "slow"}, {}});
    } else {
      asked.flight->begin({});
      asked.flight->finish({});
    }
  });
  EXPECT_EQ(ask({"a"}).refusal->status, 429);
  EXPECT_THAT(ask({"a"}).error->what, HasSubstr("0 embeddings for 1 inputs"));
}

TEST_F(EmbeddingsTest, AFailedModelIsAnErrorAndABadBatchToo) {
  probe.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    asked.flight->finish({chat::End::Kind::failed, {}, {base::Code::unavailable, "refused"}});
  });
  EXPECT_EQ(ask({"a"}).error->code, base::Code::unavailable);
  EXPECT_EQ(ask({}).error->code, base::Code::invalid);
}

TEST_F(EmbeddingsTest, RequestsAndInputsAreCounted) {
  ask({"a", "b"});
  ask({"a"});
  Embeddings::Stats stats = embeddings.stats();
  EXPECT_EQ(stats.requests, 2U);
  EXPECT_EQ(stats.inputs, 3U);
  EXPECT_EQ(stats.inputs_cached, 1U);
  EXPECT_EQ(stats.outcomes[static_cast<std::size_t>(Outcome::hit)], 1U);
  EXPECT_EQ(stats.outcomes[static_cast<std::size_t>(Outcome::miss)], 1U);
}

}  // namespace
}  // namespace refrain::serve
