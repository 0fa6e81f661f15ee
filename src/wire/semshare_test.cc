#include "wire/semshare.h"

#include <gtest/gtest.h>

namespace refrain::wire::semshare {
namespace {

TEST(Semshare, OnlyThePromptIsRequiredAndTheRestHasTheReferencesDefaults) {
  auto request = read_request(R"({"prompt":"p"})");
  ASSERT_TRUE(request) << request.error().what;
  EXPECT_TRUE(request->use_semshare);
  EXPECT_DOUBLE_EQ(request->sim_threshold, 0.8);
  EXPECT_EQ(request->store_key, "");
  EXPECT_EQ(json::write(request->chat.body),
            R"({"prompt":"p","max_tokens":128,"temperature":0.7,"top_p":0.9,"echo":true})");
}

TEST(Semshare, GivenMembersAreUsed) {
  auto request = read_request(
      R"({"prompt":"p","max_new_tokens":5,"temperature":0,"top_p":1,"use_semshare":false,
          "sim_threshold":0.5,"store_key":"k1"})");
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->use_semshare);
  EXPECT_EQ(request->store_key, "k1");
  EXPECT_EQ(request->chat.body.find("max_tokens")->as_int(), 5);
}

TEST(Semshare, AWrongMemberIsNamed) {
  for (const char* body : {"{}", R"({"prompt":5})", R"({"prompt":"p","top_p":"x"})",
                           R"({"prompt":"p","max_new_tokens":1.5})",
                           R"({"prompt":"p","use_semshare":1})", R"({"prompt":"p","store_key":2})",
                           "[]"}) {
    auto request = read_request(body);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().code, base::Code::invalid) << body;
  }
}

TEST(Semshare, AReplyHasTheMembersOfTheReferenceAndSaysWhyNothingWasShared) {
  EXPECT_EQ(render_reply({.text = "p q",
                          .store_key = "p12345678",
                          .start_ms = 1000,
                          .latency_ms = 12.5,
                          .reason = "not built",
                          .rung = "prefix",
                          .reused_tokens = 3,
                          .prefilled_tokens = 1}),
            R"({"text":"p q","used_semshare":false,"cache_hit":false,"ref_key":null,)"
            R"("retrieved_sim":null,"store_key":"p12345678","start_ms":1000,"latency_ms":12.5,)"
            R"("run_key":"M_13ms_1000_p12345678","reason":"not built","reuse":"prefix",)"
            R"("reused_tokens":3,"prefilled_tokens":1})");
}

TEST(Semshare, StatisticsListTheKeys) {
  EXPECT_EQ(render_stats({"a", "b"}), R"({"items":2,"keys":["a","b"]})");
  EXPECT_EQ(render_stats({}), R"({"items":0,"keys":[]})");
  EXPECT_EQ(error_body("no"), R"({"detail":"no"})");
}

}  // namespace
}  // namespace refrain::wire::semshare
