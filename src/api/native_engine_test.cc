#include "api/native_engine.h"

#include <gtest/gtest.h>

#include "tests/support/engine_probe.h"

namespace refrain::api::native {
namespace {

class NativeEngine : public testing::Test {
 protected:
  static key::Tenant tenant(const char* id) {
    key::Tenant out;
    out.id = id;
    return out;
  }
  base::SystemClock clock_;
  tests::EngineProbe probe_;
  serve::PromptKv kv_{{}, &probe_.engine(), clock_};
};

TEST_F(NativeEngine, AKnownEntryTellsItsRequestAndAnUnknownOneIsNoHit) {
  tests::Answered answer = probe_.complete("ba de fi", 2).result();
  auto known = engine_request(kv_, tenant("t"), "/entries/" + answer.reuse->entry);
  ASSERT_TRUE(known);
  EXPECT_TRUE(*known->find("hit")->boolean());
  EXPECT_EQ(known->text("req_id"), "req-1");
  EXPECT_EQ(known->find("prefix_pos")->as_int(), answer.used("prompt_tokens"));
  auto unknown = engine_request(kv_, tenant("t"), "/entries/nothing");
  EXPECT_EQ(json::write(*unknown), R"({"hit":false})");
  auto foreign = engine_request(kv_, tenant("u"), "/entries/" + answer.reuse->entry);
  EXPECT_EQ(json::write(*foreign), R"({"hit":false})");
}

TEST_F(NativeEngine, ClearingEmptiesTheStatistics) {
  (void)probe_.complete("ba de fi", 2).result();
  auto before = engine_request(kv_, tenant("t"), "/statistics");
  EXPECT_EQ(before->find("entries")->as_int(), 1);
  auto cleared = engine_request(kv_, tenant("t"), "/clear");
  EXPECT_TRUE(*cleared->find("success")->boolean());
  auto after = engine_request(kv_, tenant("t"), "/statistics");
  EXPECT_EQ(after->find("entries")->as_int(), 0);
  EXPECT_EQ(after->find("stores")->as_int(), 1);
}

TEST_F(NativeEngine, TheViewSaysWhatTheModelIsTrustedWith) {
  json::Value view = engine_view(kv_);
  EXPECT_EQ(view.text("model"), "tiny-llm");
  EXPECT_TRUE(*view.find("reuse_restored")->boolean());
}

TEST_F(NativeEngine, WithoutAnEngineThereIsNothingToAsk) {
  serve::PromptKv none({}, nullptr, clock_);
  EXPECT_FALSE(engine_request(none, tenant("t"), "/statistics"));
  EXPECT_EQ(json::write(engine_view(none)), R"({"there":false})");
}

}  // namespace
}  // namespace refrain::api::native
