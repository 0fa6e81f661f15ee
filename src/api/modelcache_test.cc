#include "api/modelcache.h"

#include <gtest/gtest.h>

#include "tests/support/answers_probe.h"
#include "tests/support/fake_exchange.h"

namespace refrain::api {
namespace {

struct ModelcacheTest : testing::Test, test::AnswersProbe {
  ModelcacheTest() {
    embedder.set("a", 1);
    embedder.set("b", 0.95F);
    embedder.set("e", 0.5F);
  }
  ModelcacheDoor& door() {
    answers::Service& answers = service();  // opens the ledger
    if (!door_) door_.emplace(settings, answers, *ledger, clock);
    return *door_;
  }
  std::shared_ptr<net::FakeExchange> send(const std::string& body, bool certain = true) {
    auto exchange = net::FakeExchange::make("POST", "/modelcache", body);
    exchange->request().received = clock.now();
    Visit visit{exchange, "req-1", {}, certain};
    visit.tenant.id = "t";
    door().handle(visit);
    EXPECT_TRUE(exchange->wait_closed());
    return exchange;
  }
  std::string post(const std::string& body) { return send(body)->body(); }
  std::string show(const std::string& path, bool admin = true) {
    auto exchange = net::FakeExchange::make("GET", path);
    Visit visit{exchange, "req-1", {}, true};
    visit.tenant.id = "t";
    visit.tenant.admin = admin;
    door().show(visit);
    return exchange->body();
  }
  static std::string query(const std::string& content, const std::string& model = "M-1") {
    return R"({"type":"query","scope":{"model":")" + model +
           R"("},"query":[{"role":"user","content":")" + content + R"("}]})";
  }
  static std::string add(const std::string& content, const std::string& model = "M-1") {
    return R"({"type":"insert","scope":{"model":")" + model +
           R"("},"chat_info":[{"query":[{"role":"user","content":")" + content +
           R"("}],"answer":"A"}]})";
  }
  static std::string remove(const std::string& more, const std::string& model = "M-1") {
    return R"({"type":"remove","scope":{"model":")" + model + R"("},"remove_type":)" + more + "}";
  }
  static int code_of(const std::string& body) {
    return static_cast<int>(*json::parse(body)->find("errorCode")->as_int());
  }
  static constexpr const char* kHit =
      R"({"errorCode":0,"errorDesc":"","cacheHit":true,"delta_time":"0.00s",)"
      R"("hit_query":"user###a","answer":"A"})";
  static constexpr const char* kMiss =
      R"({"errorCode":0,"errorDesc":"","cacheHit":false,"delta_time":"0.00s",)"
      R"("hit_query":"","answer":""})";
  /// The body of what was written; `response` is JSON.
  static std::string written(const std::string& response = "") {
    return R"({"errorCode":0,"errorDesc":"",)" +
           (response.empty() ? "" : "\"response\":" + response + ",") +
           R"("writeStatus":"success"})";
  }

  ModelcacheDoor::Options settings;

 private:
  std::optional<ModelcacheDoor> door_;
};

TEST_F(ModelcacheTest, InsertThenAnExactAndANearHitAndAMiss) {
  EXPECT_EQ(post(query("a")), kMiss);
  EXPECT_EQ(post(add("a")), written());
  EXPECT_EQ(post(query("a")), kHit);
  EXPECT_EQ(post(query("b")), kHit);
  EXPECT_EQ(post(query("e")), kMiss);
  EXPECT_EQ(post(json::write(json::Value(query("a")))), kHit);
}

TEST_F(ModelcacheTest, AHitTellsItsIdAndAnInsertWhatItWrote) {
  const std::string id = send(add("a"))->header("x-refrain-answer-id");
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(send(query("b"))->header("x-refrain-answer-id"), id);
  EXPECT_EQ(send(query("b"))->header("x-refrain-cache"), "hit");
  EXPECT_EQ(
      post(remove(R"("delete_by_id","id_list":[")" + id + "\"]")),
      written(R"({"status":"success","milvus":"delete_count: 1","mysql":"delete_count: 1"})"));
  EXPECT_EQ(post(query("a")), kMiss);
}

TEST_F(ModelcacheTest, ModelsAreApartAsWrittenUnlessFoldingIsSet) {
  post(add("a"));
  EXPECT_EQ(post(query("a", "M_1")), kMiss);
  EXPECT_EQ(post(query("a", "M-2")), kMiss);
}

TEST_F(ModelcacheTest, FoldedNamesAreOneModel) {
  settings.folds_names = true;
  post(add("a"));
  EXPECT_EQ(post(query("a", "M_1")), kHit);
}

TEST_F(ModelcacheTest, RefusedModelsHaveTheirCodes) {
  EXPECT_EQ(code_of(post(query("a", "DI-COPILOT.LAB"))), 105);
  EXPECT_EQ(code_of(post(add("a", "DI_COPILOT_LAB"))), 305);
  EXPECT_EQ(code_of(post(remove(R"("truncate_by_model")", "DI_COPILOT_LAB"))), 0);
}

TEST_F(ModelcacheTest, TruncateAndRegister) {
  post(add("a"));
  EXPECT_EQ(post(remove(R"("truncate_by_model")")),
            written(R"({"status":"success","VectorDB":"rebuild","ScalarDB":"delete_count: 1"})"));
  EXPECT_EQ(post(query("a")), kMiss);
  const std::string register_new = R"({"type":"register","scope":{"model":"new"}})";
  EXPECT_EQ(post(register_new), written(R"("create_success")"));
  EXPECT_EQ(post(register_new), written(R"("already_exists")"));
}

TEST_F(ModelcacheTest, FaultsOfTheRequestHaveTheirStatuses) {
  EXPECT_EQ(send("{")->status(), 400);
  EXPECT_EQ(send(R"({"type":"zap","scope":{"model":"m"}})")->status(), 200);
  EXPECT_EQ(send(query("a"), false)->status(), 403);
}

TEST_F(ModelcacheTest, AFailedEmbedderIs201And301) {
  post(add("a"));
  EXPECT_EQ(code_of(post(query("unknown"))), 201);
  EXPECT_EQ(code_of(post(add("unknown"))), 301);
}

TEST_F(ModelcacheTest, AStoppedDoorAnswers500) {
  door().stop();
  EXPECT_EQ(send(query("a"))->status(), 500);
}

TEST_F(ModelcacheTest, QueriesAreLoggedWithWhatBecameOfThem) {
  post(add("a"));
  post(query("b"));
  post(query("e"));
  post(query("e", "DI_COPILOT_LAB"));
  post(R"({"type":"zap"})");
  const json::Value log = *json::parse(show("/refrain/v1/answers/log?limit=10"));
  const json::Array& rows = *log.find("rows")->array();
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].find("error_code")->as_int(), 102);
  EXPECT_EQ(rows[1].find("error_code")->as_int(), 105);
  EXPECT_EQ(*rows[2].find("cache_hit")->boolean(), false);
  EXPECT_EQ(*rows[3].find("cache_hit")->boolean(), true);
  EXPECT_EQ(rows[3].text("model"), "M-1");
  EXPECT_EQ(rows[3].text("query"), R"([{"role":"user","content":"b"}])");
  EXPECT_EQ(rows[3].text("hit_query"), "user###a");
  EXPECT_EQ(rows[3].text("answer"), "A");
}

TEST_F(ModelcacheTest, ATenantSeesItsOwnRowsOnly) {
  service();
  ledger->log({.when = clock.wall(), .collection = {"other", "m"}, .query = "[]"});
  EXPECT_EQ(show("/refrain/v1/answers/log?tenant=other", false), R"({"rows":[]})");
  EXPECT_NE(show("/refrain/v1/answers/log?tenant=other"), R"({"rows":[]})");
  EXPECT_NE(show("/refrain/v1/answers/log?limit=0").find("limit is 1"), std::string::npos);
}

TEST_F(ModelcacheTest, TheReportHasAverages) {
  post(add("a"));
  post(query("b"));
  const json::Value report = *json::parse(show("/refrain/v1/answers/report"));
  EXPECT_EQ(report.find("hits")->as_int(), 1);
  EXPECT_EQ(report.find("embedded")->as_int(), 1);
  EXPECT_TRUE(report.find("average_embedding_ms")->is_number());
}

TEST_F(ModelcacheTest, ADoorWithoutWorkersIsRefused) {
  EXPECT_FALSE(ModelcacheDoor::Options{.workers = 0}.check());
}

}  // namespace
}  // namespace refrain::api
