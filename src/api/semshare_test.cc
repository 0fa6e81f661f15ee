#include "api/semshare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/engine_probe.h"
#include "tests/support/fake_exchange.h"

namespace refrain::api::semshare {
namespace {

using testing::HasSubstr;

class SemshareDoor : public testing::Test {
 protected:
  std::shared_ptr<net::FakeExchange> ask(const std::string& method, const std::string& path,
                                         const std::string& body, bool certain = true) {
    auto exchange = net::FakeExchange::make(method, path, body);
    exchange->request().received = clock_.now();
    Visit visit{exchange, "req-1", {}, certain};
    visit.tenant.id = "t";
    handle(kv_, clock_, visit);
    EXPECT_TRUE(exchange->wait_closed(std::chrono::seconds(60)));
    return exchange;
  }
  json::Value generate(const std::string& body) {
    auto exchange = ask("POST", "/v1/generate", body);
    EXPECT_EQ(exchange->status(), 200) << exchange->body();
    return *json::parse(exchange->body());
  }

  base::SystemClock clock_;
  tests::EngineProbe probe_;
  serve::PromptKv kv_{{.items_max = 2}, &probe_.engine(), clock_};
};

TEST_F(SemshareDoor, AReplyHoldsThePromptAndSaysThatNothingWasShared) {
  json::Value reply =
      generate(R"({"prompt":"ba de fi","max_new_tokens":4,"temperature":0})");
  EXPECT_TRUE(reply.text("text").starts_with("ba de fi"));
  EXPECT_FALSE(*reply.find("used_semshare")->boolean());
  EXPECT_TRUE(reply.find("ref_key")->is_null());
  EXPECT_EQ(reply.text("store_key").size(), 9U);
  EXPECT_TRUE(reply.text("run_key").starts_with("M_"));
  EXPECT_GT(*reply.find("latency_ms")->as_double(), 0);
  EXPECT_THAT(std::string(reply.text("reason")), HasSubstr("not built"));
}

TEST_F(SemshareDoor, IdenticalPromptsAreReusedExactly) {
  const std::string body = R"({"prompt":"ba de fi go","max_new_tokens":4,"temperature":0})";
  json::Value first = generate(body);
  json::Value again = generate(body);
  EXPECT_EQ(first.text("text"), again.text("text"));
  EXPECT_EQ(again.text("reuse"), "prefix");
  EXPECT_EQ(again.find("prefilled_tokens")->as_int(), 1);
}

TEST_F(SemshareDoor, ItemsAreKeptByTheirLastUseAndCleared) {
  for (const char* key : {"A", "B", "A", "C"}) {
    generate(std::string(R"({"prompt":"ba","max_new_tokens":1,"store_key":")") + key + "\"}");
  }
  EXPECT_EQ(ask("GET", "/v1/cache/stats", "")->body(), R"({"items":2,"keys":["A","C"]})");
  EXPECT_EQ(ask("POST", "/v1/cache/clear", "")->body(), R"({"ok":true})");
  EXPECT_EQ(ask("GET", "/v1/cache/stats", "")->body(), R"({"items":0,"keys":[]})");
}

TEST_F(SemshareDoor, ABodyOfAnotherShapeIs422) {
  auto exchange = ask("POST", "/v1/generate", R"({"prompt":1})");
  EXPECT_EQ(exchange->status(), 422);
  EXPECT_THAT(exchange->body(), HasSubstr("\"detail\""));
}

TEST_F(SemshareDoor, APromptThatIsTooLongIsRefusedAndNotKept) {
  auto exchange = ask("POST", "/v1/generate", R"({"prompt":"ba","max_new_tokens":100000})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(ask("GET", "/v1/cache/stats", "")->body(), R"({"items":0,"keys":[]})");
}

TEST_F(SemshareDoor, WhoseKvItWouldBeMustBeKnown) {
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"prompt":"ba"})", false)->status(), 403);
}

}  // namespace
}  // namespace refrain::api::semshare
