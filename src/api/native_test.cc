#include "api/native.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/door_probe.h"

namespace refrain::api {
namespace {

using test::DoorProbe;
using testing::HasSubstr;

struct NativeTest : testing::Test {
  NativeTest() {
    probe.tiers.embedder.set("a", 1.0F);
    probe.tiers.embedder.set("b", 0.5F);
    probe.tiers.embedder.set("near", 0.95F);
  }
  json::Value post(const std::string& path, const std::string& body, net::Headers headers = {}) {
    return DoorProbe::body(*probe.post("/refrain/v1" + path, body, std::move(headers)));
  }
  json::Value get(const std::string& path, net::Headers headers = {}) {
    return DoorProbe::body(*probe.get("/refrain/v1" + path, std::move(headers)));
  }
  static std::int64_t number(const json::Value& value, const char* name) {
    const json::Value* found = value.find(name);
    return found ? found->as_int().value_or(-1) : -1;
  }
  std::string insert(const std::string& question, const std::string& more = "") {
    json::Value out = post("/entries", R"({"question":")" + question +
                                           R"(","answer":"of it","model":"m")" + more + "}");
    return *out.find("ids")->array()->front().string();
  }
  std::size_t listed(const std::string& query = "", net::Headers headers = {}) {
    return get("/entries" + query, std::move(headers)).find("entries")->array()->size();
  }
  DoorProbe probe;
};

TEST_F(NativeTest, WhatIsInsertedAnswersTheOpenaiDoor) {
  std::string id = insert("a");
  auto reply = probe.post("/v1/chat/completions", DoorProbe::chat("a"));
  EXPECT_EQ(reply->header("x-refrain-answer-id"), id);
  EXPECT_THAT(reply->body(), HasSubstr("of it"));
}

TEST_F(NativeTest, LookupTellsWithoutTheModel) {
  std::string id = insert("a");
  json::Value hit = post("/lookup", R"({"question":"near","model":"m"})");
  EXPECT_EQ(hit.text("outcome"), "hit");
  EXPECT_EQ(hit.text("tier"), "semantic");
  EXPECT_EQ(hit.text("answer"), "of it");
  json::Value miss = post("/lookup", R"({"question":"b","model":"m"})");
  EXPECT_EQ(miss.text("outcome"), "miss");
  EXPECT_EQ(miss.find("candidates")->array()->size(), 1U);
  EXPECT_EQ(probe.tiers.model.count(), 0U);
}

TEST_F(NativeTest, AnAnswerSaidToBeWrongIsShownAndServedNoMore) {
  std::string id = insert("a");
  json::Value told = post("/feedback", R"({"id":")" + id + R"(","verdict":"wrong"})");
  EXPECT_EQ(told.text("answer_id"), id) << json::write(told);
  EXPECT_TRUE(*told.find("changed")->boolean());
  EXPECT_EQ(post("/lookup", R"({"question":"a","model":"m"})").text("outcome"), "miss");
  EXPECT_TRUE(get("/entries/" + id).find("quarantined"));
  told = post("/feedback", R"({"id":")" + id + R"(","verdict":"right"})");
  EXPECT_EQ(post("/lookup", R"({"question":"a","model":"m"})").text("outcome"), "hit");
}

TEST_F(NativeTest, FeedbackIsGivenBackAsLabels) {
  EXPECT_EQ(get("/feedback").find("labels")->array()->size(), 0U);
}

TEST_F(NativeTest, FeedbackThatSaysNothingIsRefusedWithTheReason) {
  const auto error = [&](const char* body) {
    return std::string(post("/feedback", body).find("error")->text("message"));
  };
  EXPECT_THAT(error("{}"), HasSubstr("'id'"));
  EXPECT_THAT(error(R"({"id":"x","verdict":"bad"})"), HasSubstr("wrong or right"));
  EXPECT_THAT(error(R"({"id":"x","verdict":"wrong"})"), HasSubstr("no answer id"));
  EXPECT_THAT(error(R"({"id":"x","verdict":"wrong","forget_others":1})"), HasSubstr("true or"));
}

TEST_F(NativeTest, ExplainOfAnAnswerTellsWhoMadeItAndWhereItWasRefused) {
  probe.post("/v1/chat/completions", DoorProbe::chat("a"));
  probe.post("/v1/chat/completions", DoorProbe::chat("b"));
  const std::string id(get("/entries").find("entries")->array()->front().text("id"));
  const json::Value out = get("/explain/" + id);
  EXPECT_EQ(out.find("made_by")->text("stored_as"), id);
  EXPECT_EQ(out.find("refused")->array()->size(), 1U);
  EXPECT_EQ(out.find("served")->array()->size(), 0U);
}

TEST_F(NativeTest, ALookupInAScopeThatIsNoneOrNotAllowedIsRefused) {
  probe.add_tenant({.id = "t"}, "sk-1");
  net::Headers key = {{"authorization", "Bearer sk-1"}};
  EXPECT_THAT(post("/lookup", R"({"question":"a","scope":"mine"})", key)
                  .find("error")->text("message"),
              HasSubstr("user, tenant or global"));
  EXPECT_THAT(post("/lookup", R"({"question":"a","scope":"global"})", key)
                  .find("error")->text("message"),
              HasSubstr("not allowed"));
}

TEST_F(NativeTest, ManyEntriesAreInsertedOrNone) {
  json::Value out = post("/entries", R"({"entries":[{"question":"a","answer":"x"},)"
                                     R"({"question":"b","answer":"y"}]})");
  EXPECT_EQ(number(out, "inserted"), 2);
  json::Value bad = post("/entries", R"({"entries":[{"question":"near","answer":"x"},)"
                                     R"({"question":"b"}]})");
  EXPECT_THAT(bad.find("error")->text("message"), HasSubstr("entry 1: 'answer'"));
  EXPECT_EQ(listed(), 2U);
  EXPECT_EQ(probe.post("/refrain/v1/entries", R"({"entries":[]})")->status(), 400);
}

TEST_F(NativeTest, EntriesAreListedByPageModelAndTag) {
  insert("a", R"(,"tags":["x y"])");
  insert("b");
  EXPECT_EQ(listed("?tag=x%20y"), 1U);
  EXPECT_EQ(listed("?model=m"), 2U);
  json::Value first = get("/entries?limit=1");
  EXPECT_EQ(first.find("entries")->array()->size(), 1U);
  EXPECT_EQ(listed("?after=" + std::string(first.text("next"))), 1U);
  EXPECT_EQ(probe.get("/refrain/v1/entries?limit=0")->status(), 400);
  EXPECT_EQ(probe.get("/refrain/v1/entries?limit=x")->status(), 400);
  EXPECT_EQ(probe.get("/refrain/v1/entries?after=x")->status(), 400);
}

TEST_F(NativeTest, OneEntryIsShownAndDeleted) {
  std::string path = "/refrain/v1/entries/" + insert("a");
  EXPECT_EQ(DoorProbe::body(*probe.get(path)).text("question"), "a");
  EXPECT_EQ(number(DoorProbe::body(*probe.send("DELETE", path)), "deleted"), 1);
  EXPECT_EQ(probe.get(path)->status(), 404);
  EXPECT_EQ(probe.get("/refrain/v1/entries/none")->status(), 400);
}

TEST_F(NativeTest, InvalidatingCountsFirstIfAsked) {
  insert("a", R"(,"tags":["x"])");
  insert("b");
  EXPECT_EQ(number(post("/invalidate", R"({"tag":"x","dry_run":true})"), "would_delete"), 1);
  EXPECT_EQ(number(post("/invalidate", R"({"tag":"x"})"), "deleted"), 1);
  EXPECT_EQ(listed(), 1U);
  EXPECT_EQ(probe.post("/refrain/v1/invalidate", "{}")->status(), 400);
}

TEST_F(NativeTest, ExplainTellsOfARequestOfAnEntryAndOfTheLast) {
  std::string id = insert("a");
  auto reply = probe.post("/v1/chat/completions", DoorProbe::chat("near"));
  json::Value why = get("/explain/" + reply->header("x-refrain-request-id"));
  EXPECT_EQ(why.text("tier"), "semantic");
  EXPECT_EQ(why.text("answer_id"), id);
  json::Value entry = get("/explain/" + id);
  EXPECT_EQ(entry.find("entry")->text("question"), "a");
  EXPECT_EQ(entry.find("served")->array()->size(), 1U);
  EXPECT_EQ(get("/explain/last").find("decisions")->array()->size(), 1U);
  EXPECT_EQ(probe.get("/refrain/v1/explain/req-unknown")->status(), 404);
}

TEST_F(NativeTest, ATenantExplainsItsOwnRequestsOnly) {
  probe.add_tenant({.id = "a"}, "sk-a");
  probe.add_tenant({.id = "b"}, "sk-b");
  probe.add_tenant({.id = "root", .admin = true}, "sk-root");
  auto reply = probe.post("/v1/chat/completions", DoorProbe::chat("a"),
                          {{"authorization", "Bearer sk-a"}});
  std::string path = "/refrain/v1/explain/" + reply->header("x-refrain-request-id");
  EXPECT_EQ(probe.get(path, {{"authorization", "Bearer sk-a"}})->status(), 200);
  EXPECT_EQ(probe.get(path, {{"authorization", "Bearer sk-b"}})->status(), 404);
  EXPECT_EQ(probe.get(path, {{"authorization", "Bearer sk-root"}})->status(), 200);
  EXPECT_EQ(get("/explain/last", {{"authorization", "Bearer sk-b"}})
                .find("decisions")->array()->size(), 0U);
}

TEST_F(NativeTest, AKeyThatIsNotKnownIsTurnedAway) {
  probe.add_tenant({.id = "a"}, "sk-a");
  auto reply = probe.get("/refrain/v1/stats", {{"authorization", "Bearer sk-x"}});
  EXPECT_EQ(reply->status(), 403);
  EXPECT_THAT(DoorProbe::body(*reply).find("error")->text("message"), HasSubstr("API key"));
}

TEST_F(NativeTest, BrokenJsonIsAnErrorOfThisDoorsShape) {
  auto reply = probe.post("/refrain/v1/lookup", "{");
  EXPECT_EQ(reply->status(), 400);
  EXPECT_EQ(DoorProbe::body(*reply).find("error")->text("code"), "invalid");
}

}  // namespace
}  // namespace refrain::api
