#include "api/gkv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/log.h"
#include "tests/support/door_probe.h"

namespace refrain::api {
namespace {

using test::DoorProbe;
using testing::HasSubstr;

struct GkvTest : testing::Test {
  std::string ask(const std::string& text, const std::string& user,
                  const std::string& strategy = "global_user") {
    return probe
        .post("/generate", R"({"inputs":")" + text + R"(","user_id":")" + user +
                               R"(","cache_strategy":")" + strategy + "\"}")
        ->body();
  }
  static std::string miss(int number) {
    return R"({"generated_text":"gen-)" + std::to_string(number) + R"(","cached":false})";
  }
  static std::string hit(int number, const std::string& source,
                         const std::string& similarity = "1") {
    return R"({"generated_text":"gen-)" + std::to_string(number) +
           R"(","cached":true,"similarity":)" + similarity + R"(,"source":")" + source + "\"}";
  }
  DoorProbe probe;
};

TEST_F(GkvTest, BodiesAreLegacyToTheLetter) {
  probe.tiers.embedder.set("a", 1.0F);
  probe.tiers.embedder.set("b", 0.95F);
  EXPECT_EQ(ask("a", "u1"), miss(1));
  probe.tiers.embedder.wait_calls(1);
  EXPECT_EQ(ask("b", "u1"), hit(1, "user", "0.95"));
  auto nobody = probe.post("/generate", R"({"inputs":"a"})");
  EXPECT_EQ(nobody->status(), 400);
  EXPECT_EQ(nobody->body(), R"({"error":"user_id is required","status_code":400})");
}

TEST_F(GkvTest, GlobalUserPrefersTheUsersOwnAnswer) {
  EXPECT_EQ(ask("a", "u1"), miss(1));
  EXPECT_EQ(ask("a", "u1"), hit(1, "user"));
  EXPECT_EQ(ask("a", "u2"), hit(1, "global"));
}

TEST_F(GkvTest, GlobalOnlyLeavesNothingWithTheUser) {
  EXPECT_EQ(ask("a", "u1", "global_only"), miss(1));
  EXPECT_EQ(ask("a", "u2", "global_only"), hit(1, "global"));
  EXPECT_EQ(ask("a", "u1", "per_user"), miss(2));
}

TEST_F(GkvTest, PerUserKeepsUsersApart) {
  EXPECT_EQ(ask("a", "u1", "per_user"), miss(1));
  EXPECT_EQ(ask("a", "u2", "per_user"), miss(2));
  EXPECT_EQ(ask("a", "u1", "per_user"), hit(1, "user"));
  EXPECT_EQ(ask("a", "u3", "global_only"), miss(3));
}

TEST_F(GkvTest, NoCacheNeitherReadsNorWrites) {
  EXPECT_EQ(ask("a", "u1", "no_cache"), miss(1));
  EXPECT_EQ(ask("a", "u1", "no_cache"), miss(2));
  EXPECT_EQ(ask("a", "u1"), miss(3));
}

TEST_F(GkvTest, AnUnknownStrategyIsGlobalUserWithOneWarningARequest) {
  std::string log;
  base::log::set_sink([&](std::string_view line) { log += line; });
  EXPECT_EQ(ask("a", "u1", "zzz"), miss(1));
  EXPECT_EQ(ask("a", "u1", "zzz"), hit(1, "user"));
  base::log::set_sink(nullptr);
  std::size_t warnings = 0;
  for (std::size_t at = 0; (at = log.find("unknown cache_strategy", at)) != std::string::npos; ++at)
    ++warnings;
  EXPECT_EQ(warnings, 2U);
}

TEST_F(GkvTest, ARequestIsLoggedWithoutItsPrompt) {
  std::string log;
  base::log::set_sink([&](std::string_view line) { log += line; });
  ask("a very private question", "u1");
  ask("a very private question", "u1");
  base::log::set_sink(nullptr);
  EXPECT_THAT(log, HasSubstr("cache=MISS"));
  EXPECT_THAT(log, HasSubstr("cache=HIT"));
  EXPECT_THAT(log, HasSubstr("strategy=global_user"));
  EXPECT_THAT(log, HasSubstr("source=user"));
  EXPECT_EQ(log.find("private"), std::string::npos);
}

TEST_F(GkvTest, AScopeAtItsLimitForgetsWhatWasUsedLeastRecently) {
  probe.tiers.options.routes[chat::Dialect::gkv].entries_max = 3;
  for (const char* text : {"a", "b", "c"}) ask(text, "u1", "per_user");
  EXPECT_EQ(ask("a", "u1", "per_user"), hit(1, "user"));
  ask("d", "u1", "per_user");
  EXPECT_EQ(ask("a", "u1", "per_user"), hit(1, "user"));
  EXPECT_EQ(ask("b", "u1", "per_user"), miss(5));
}

TEST_F(GkvTest, TheLimitOfNewTokensIsPassedOnOrAHundred) {
  ask("a", "u1");
  probe.post("/generate",
             R"({"inputs":"a","user_id":"u1","parameters":{"max_new_tokens":7}})");
  auto tokens = [&](std::size_t number) {
    return probe.tiers.model.wait(number).request.body.find("parameters")->find("max_new_tokens")
        ->as_int();
  };
  EXPECT_EQ(tokens(1), 100);
  EXPECT_EQ(tokens(2), 7);
}

TEST_F(GkvTest, ErrorsHaveTheirLegacyShapeAndTheTrueStatus) {
  auto broken = probe.post("/generate", "{");
  EXPECT_EQ(broken->status(), 400);
  EXPECT_EQ(DoorProbe::body(*broken).find("status_code")->as_int(), 400);
  probe.tiers.model.set([](const test::ScriptedProducer::Asked& asked, std::size_t) {
    asked.flight->finish({chat::End::Kind::failed, {}, {base::Code::unavailable, "gone"}});
  });
  auto gone = probe.post("/generate", R"({"inputs":"a","user_id":"u1"})");
  EXPECT_EQ(gone->status(), 502);
  EXPECT_EQ(gone->body(), R"({"error":"gone","status_code":502})");
}

TEST_F(GkvTest, ACollectionHasARowForEachRequest) {
  auto started = probe.post("/data/start", R"({"output_dir":"run"})");
  EXPECT_EQ(DoorProbe::body(*started).text("status"), "Running");
  EXPECT_THAT(DoorProbe::body(*started).text("benchmark_id"), testing::StartsWith("batch_"));
  ask("a", "u1");
  ask("a", "u1");
  auto stopped = probe.post("/data/stop", "");
  EXPECT_EQ(DoorProbe::body(*stopped).text("status"), "Stopped");
  auto csv = probe.get("/data/csv");
  EXPECT_EQ(csv->header("content-type"), "text/csv");
  EXPECT_THAT(csv->header("content-disposition"), HasSubstr("attachment; filename=\"batch_"));
  EXPECT_EQ(std::ranges::count(csv->body(), '\n'), 3);
  std::string name = DoorProbe::body(*started).text("benchmark_id").data();
  EXPECT_EQ(probe.get("/data/files/" + name + ".csv")->body(), csv->body());
}

TEST_F(GkvTest, DataRoutesTellWhatIsWrongWithATrueStatus) {
  auto stop = probe.post("/data/stop", "");
  EXPECT_EQ(stop->status(), 409);
  EXPECT_EQ(stop->body(), R"({"error":"Benchmarking is not enabled"})");
  EXPECT_EQ(probe.get("/data/csv")->status(), 409);
  EXPECT_EQ(probe.post("/data/start", "{")->status(), 400);
  EXPECT_EQ(probe.post("/data/start", R"({"output_dir":7})")->status(), 400);
  EXPECT_EQ(probe.post("/data/start", R"({"output_dir":"../out"})")->status(), 400);
  probe.post("/data/start", "");
  EXPECT_EQ(probe.get("/data/files/..%2Fsecret")->status(), 400);
  EXPECT_EQ(probe.get("/data/files/absent.csv")->status(), 404);
}

}  // namespace
}  // namespace refrain::api
