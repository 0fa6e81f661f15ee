#include "api/openai.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/door_probe.h"

namespace refrain::api {
namespace {

using namespace std::chrono_literals;
using test::DoorProbe;
using test::ScriptedProducer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr const char* kChat = "/v1/chat/completions";

std::string content(const net::FakeExchange& exchange) {
  json::Value body = DoorProbe::body(exchange);
  const json::Value* choices = body.find("choices");
  if (!choices || !choices->array() || choices->array()->empty()) return "no choices";
  return std::string(choices->array()->front().find("message")->text("content"));
}

TEST(Openai, AMissAndItsHitDifferInIdCreatedAndHeadersOnly) {
  DoorProbe probe;
  auto miss = probe.post(kChat, DoorProbe::chat("a"));
  auto hit = probe.post(kChat, DoorProbe::chat("a"));
  EXPECT_EQ(miss->status(), 200);
  EXPECT_EQ(content(*hit), "gen-1");
  json::Value one = DoorProbe::body(*miss), two = DoorProbe::body(*hit);
  EXPECT_NE(one.text("id"), two.text("id"));
  for (json::Value* body : {&one, &two}) {
    body->remove("id");
    body->remove("created");
  }
  EXPECT_EQ(one, two);
}

TEST(Openai, AStreamOfAHitHasOneIdAndEndsWithDone) {
  DoorProbe probe;
  probe.post(kChat, DoorProbe::chat("a"));
  auto hit = probe.post(kChat, DoorProbe::chat("a", R"(,"stream":true)"));
  EXPECT_TRUE(hit->streamed());
  EXPECT_EQ(hit->header("content-type"), "text/event-stream");
  EXPECT_EQ(hit->header("cache-control"), "no-cache");
  EXPECT_EQ(hit->header("x-refrain-cache"), "hit");
  EXPECT_THAT(hit->body(), EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(hit->body(), HasSubstr("chat.completion.chunk"));
  EXPECT_EQ(probe.tiers.model.count(), 1U) << "stream is no part of the key";
}

TEST(Openai, UsageIsStreamedToWhoAskedForIt) {
  DoorProbe probe;
  probe.post(kChat, DoorProbe::chat("a"));
  auto without = probe.post(kChat, DoorProbe::chat("a", R"(,"stream":true)"));
  auto with = probe.post(
      kChat, DoorProbe::chat("a", R"(,"stream":true,"stream_options":{"include_usage":true})"));
  EXPECT_EQ(without->body().find("total_tokens"), std::string::npos);
  EXPECT_THAT(with->body(), HasSubstr(R"("total_tokens":7)"));
}

TEST(Openai, CompletionsHaveTheirOwnShape) {
  DoorProbe probe;
  auto reply = probe.post("/v1/completions", R"({"model":"m","prompt":"a"})");
  EXPECT_EQ(reply->status(), 200);
  EXPECT_EQ(DoorProbe::body(*reply).text("object"), "text_completion");
}

TEST(Openai, ErrorsOfTheRequestAreToldInItsDialect) {
  DoorProbe probe;
  auto broken = probe.post(kChat, "{");
  EXPECT_EQ(broken->status(), 400);
  EXPECT_EQ(DoorProbe::body(*broken).find("error")->text("type"), "invalid_request_error");
  auto typed = probe.post(kChat, R"({"model":"m","messages":"hello"})");
  EXPECT_EQ(DoorProbe::body(*typed).find("error")->text("param"), "messages");
  auto control = probe.post(kChat, DoorProbe::chat("a"), {{"x-refrain-ttl", "soon"}});
  EXPECT_EQ(control->status(), 400);
  EXPECT_THAT(control->body(), HasSubstr("x-refrain-ttl"));
  EXPECT_EQ(probe.tiers.model.count(), 0U);
}

TEST(Openai, OnlyIfCachedIs504OnAMiss) {
  DoorProbe probe;
  auto missed = probe.post(kChat, DoorProbe::chat("a"), {{"cache-control", "only-if-cached"}});
  EXPECT_EQ(missed->status(), 504);
  EXPECT_EQ(missed->header("x-refrain-cache"), "miss");
  EXPECT_THAT(DoorProbe::body(*missed).find("error")->text("message"),
              HasSubstr("only-if-cached"));
}

TEST(Openai, ControlsOfTheRequestCount) {
  DoorProbe probe;
  auto send = [&](const char* value) {
    return probe.post(kChat, DoorProbe::chat("a"), {{"x-refrain-cache", value}})
        ->header("x-refrain-cache");
  };
  EXPECT_EQ(send("off"), "bypass");
  EXPECT_EQ(send("refresh"), "refresh");
  EXPECT_EQ(send("on"), "hit");
}

TEST(Openai, AnUpstreamsErrorIsPassedOnAsItCame) {
  DoorProbe probe;
  probe.tiers.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    chat::Headers headers = {{"retry-after", "7"}, {"content-type", "text/plain"}};
    asked.flight->finish({chat::End::Kind::refused, {429, headers, "slow down"}, {}});
  });
  for (const char* more : {"", R"(,"stream":true)"}) {
    auto reply = probe.post(kChat, DoorProbe::chat("a", more));
    EXPECT_EQ(reply->status(), 429);
    EXPECT_EQ(reply->body(), "slow down");
    EXPECT_EQ(reply->header("retry-after"), "7");
    EXPECT_EQ(reply->header("content-type"), "text/plain");
    EXPECT_EQ(reply->header("x-refrain-cache"), "miss");
  }
}

TEST(Openai, AModelThatIsNotThereIs502) {
  DoorProbe probe;
  probe.tiers.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    asked.flight->finish({chat::End::Kind::failed, {}, {base::Code::unavailable, "refused"}});
  });
  auto reply = probe.post(kChat, DoorProbe::chat("a"));
  EXPECT_EQ(reply->status(), 502);
  EXPECT_EQ(DoorProbe::body(*reply).find("error")->text("code"), "unavailable");
}

TEST(Openai, AnUnknownKeyIsServedWithoutTheCache) {
  DoorProbe probe;
  probe.add_tenant({.id = "t"}, "sk-1");
  auto first = probe.post(kChat, DoorProbe::chat("a"), {{"authorization", "Bearer sk-9"}});
  auto second = probe.post(kChat, DoorProbe::chat("a"), {{"authorization", "Bearer sk-9"}});
  EXPECT_EQ(first->header("x-refrain-cache"), "bypass");
  EXPECT_EQ(content(*second), "gen-2");
}

TEST(Openai, TenantsDoNotShareAnswers) {
  DoorProbe probe;
  probe.add_tenant({.id = "a"}, "sk-a");
  probe.add_tenant({.id = "b"}, "sk-b");
  probe.post(kChat, DoorProbe::chat("q"), {{"authorization", "Bearer sk-a"}});
  auto other = probe.post(kChat, DoorProbe::chat("q"), {{"authorization", "Bearer sk-b"}});
  EXPECT_EQ(other->header("x-refrain-cache"), "miss");
}

TEST(Openai, EmbeddingsAreCachedInputByInput) {
  DoorProbe probe;
  probe.tiers.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    asked.flight->begin({});
    for (std::size_t i = 0; i < asked.request.body.find("input")->array()->size(); ++i) {
      auto event = std::make_shared<chat::Event>();
      event->choices.emplace_back().extra = {{"embedding", json::parse("[1,2]").value()}};
      asked.flight->append(event);
    }
    asked.flight->finish({});
  });
  probe.post("/v1/embeddings", R"({"model":"e","input":["a","b"]})");
  auto part = probe.post("/v1/embeddings", R"({"model":"e","input":["b","c"]})");
  EXPECT_EQ(part->header("x-refrain-cache"), "miss");
  EXPECT_EQ(part->header("x-refrain-inputs-cached"), "1");
  auto all = probe.post("/v1/embeddings", R"({"model":"e","input":["c","a"]})");
  EXPECT_EQ(all->header("x-refrain-cache"), "hit");
  EXPECT_EQ(all->header("cache-status"), "refrain; hit; detail=exact");
  EXPECT_EQ(DoorProbe::body(*all).find("data")->array()->size(), 2U);
}

TEST(Openai, EmbeddingErrorsAreToldInTheirDialect) {
  DoorProbe probe;
  EXPECT_EQ(probe.post("/v1/embeddings", R"({"model":"e"})")->status(), 400);
  auto missed = probe.post("/v1/embeddings", R"({"model":"e","input":"a"})",
                           {{"cache-control", "only-if-cached"}});
  EXPECT_EQ(missed->status(), 504);
  probe.tiers.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    asked.flight->finish({chat::End::Kind::refused, {401, {}, "who are you"}, {}});
  });
  auto refused = probe.post("/v1/embeddings", R"({"model":"e","input":"a"})");
  EXPECT_EQ(refused->status(), 401);
  EXPECT_EQ(refused->body(), "who are you");
}

TEST(Openai, ModelsArePassedThroughWithTheTenantsKey) {
  DoorProbe probe;
  probe.add_tenant({.id = "t", .upstream_key = "sk-up"}, "sk-1");
  auto reply = probe.get("/v1/models?after=x", {{"authorization", "Bearer sk-1"}});
  EXPECT_EQ(reply->body(), R"({"data":[]})");
  EXPECT_EQ(probe.forward.seen.target, "/v1/models?after=x");
  EXPECT_EQ(probe.forward.seen.upstream_key, "sk-up");
}

TEST(Openai, EveryReplyNamesItsRequest) {
  DoorProbe probe;
  auto reply = probe.post(kChat, DoorProbe::chat("a"));
  EXPECT_THAT(reply->header("x-refrain-request-id"), MatchesRegex("req-[0-9A-Za-z]{20}"));
}

}  // namespace
}  // namespace refrain::api
