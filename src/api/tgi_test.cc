#include "api/tgi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/door_probe.h"

namespace refrain::api {
namespace {

using test::DoorProbe;
using test::ScriptedProducer;
using testing::HasSubstr;

constexpr const char* kBody = R"({"inputs":"a","parameters":{"max_new_tokens":5}})";

TEST(Tgi, GenerateRepliesAnObjectAndTheRootAList) {
  DoorProbe probe;
  auto object = probe.post("/tgi/generate", kBody);
  EXPECT_EQ(object->status(), 200);
  EXPECT_EQ(DoorProbe::body(*object).text("generated_text"), "gen-1");
  auto list = probe.post("/tgi/", kBody);
  ASSERT_TRUE(DoorProbe::body(*list).is_array()) << list->body();
  EXPECT_EQ(list->header("x-refrain-cache"), "hit") << "one question, two shapes";
}

TEST(Tgi, AStreamEndsWithTheGeneratedText) {
  DoorProbe probe;
  auto miss = probe.post("/tgi/generate_stream", kBody);
  auto hit = probe.post("/tgi/generate_stream", kBody);
  for (const auto& reply : {miss, hit}) {
    EXPECT_TRUE(reply->streamed());
    EXPECT_THAT(reply->body(), HasSubstr(R"("generated_text":"gen-1")"));
  }
}

TEST(Tgi, ABodyOfNoUseIs422InItsDialect) {
  DoorProbe probe;
  auto reply = probe.post("/tgi/generate", R"({"inputs":7})");
  EXPECT_EQ(reply->status(), 422);
  EXPECT_EQ(DoorProbe::body(*reply).text("error_type"), "validation");
  EXPECT_EQ(probe.post("/tgi/generate", kBody, {{"x-refrain-cache", "maybe"}})->status(), 422);
}

TEST(Tgi, ErrorsOfTheModelHaveTheirTypes) {
  DoorProbe probe;
  probe.tiers.model.set([](const ScriptedProducer::Asked& asked, std::size_t number) {
    base::Code code = number == 1 ? base::Code::busy : base::Code::unavailable;
    asked.flight->finish({chat::End::Kind::failed, {}, {code, "no"}});
  });
  auto busy = probe.post("/tgi/generate", kBody);
  EXPECT_EQ(busy->status(), 503);
  EXPECT_EQ(busy->header("retry-after"), "1");
  EXPECT_EQ(DoorProbe::body(*busy).text("error_type"), "overloaded");
  auto gone = probe.post("/tgi/generate", kBody);
  EXPECT_EQ(gone->status(), 502);
  EXPECT_EQ(DoorProbe::body(*gone).text("error_type"), "generation");
}

TEST(Tgi, AStreamThatBreaksEndsWithAnErrorEvent) {
  DoorProbe probe;
  probe.tiers.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    asked.flight->begin({});
    asked.flight->append(test::text_event("half"));
    asked.flight->finish({chat::End::Kind::failed, {}, {base::Code::io, "cut"}});
  });
  auto reply = probe.post("/tgi/generate_stream", kBody);
  EXPECT_EQ(reply->status(), 200);
  EXPECT_THAT(reply->body(), HasSubstr(R"("error_type":"incomplete_generation")"));
}

TEST(Tgi, InfoAndHealthAnswerWithoutAModel) {
  DoorProbe probe;
  auto info = probe.get("/tgi/info");
  EXPECT_EQ(DoorProbe::body(*info).text("model_id"), "default-model");
  EXPECT_EQ(probe.get("/tgi/health")->status(), 200);
  EXPECT_EQ(probe.tiers.model.count(), 0U);
}

}  // namespace
}  // namespace refrain::api
