#include "api/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/native_json.h"
#include "tests/support/door_probe.h"

namespace refrain::api {
namespace {

using namespace std::chrono_literals;
using test::DoorProbe;
using test::ScriptedProducer;
using testing::EndsWith;
using testing::HasSubstr;

constexpr const char* kChat = "/v1/chat/completions";

struct MetricsTest : testing::Test {
  // One miss, one hit, one bypass; the miss took two seconds.
  MetricsTest() {
    probe.tiers.model.set([this](const ScriptedProducer::Asked& asked, std::size_t) {
      probe.tiers.clock.advance(2s);
      ScriptedProducer::answer(*asked.flight, "x");
    });
    probe.post(kChat, DoorProbe::chat("a"));
    probe.post(kChat, DoorProbe::chat("a"));
    probe.post(kChat, DoorProbe::chat("a"), {{"x-refrain-cache", "off"}});
  }
  DoorProbe probe;
};

TEST_F(MetricsTest, CountRequestsByDoorAndOutcome) {
  std::string text = metrics(probe.context());
  EXPECT_THAT(text,
              HasSubstr("refrain_requests_total{door=\"openai.chat\",outcome=\"hit\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("refrain_requests_total{door=\"openai.chat\",outcome=\"bypass\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("refrain_hits_total{tier=\"exact\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("refrain_answers_stored_total 1\n"));
}

TEST_F(MetricsTest, NameTheEvictionPolicyOfTheFront) {
  std::string text = metrics(probe.context());
  EXPECT_THAT(text, HasSubstr("refrain_front_hits_total{policy=\"s3fifo\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("refrain_front_evicted_total{policy=\"s3fifo\"} 0\n"));
}

TEST_F(MetricsTest, CountWhatHitsSave) {
  std::string text = metrics(probe.context());
  EXPECT_THAT(text, HasSubstr("refrain_tokens_saved_total 7\n"));
  EXPECT_THAT(text, HasSubstr("refrain_seconds_saved_total 2\n"));
}

TEST_F(MetricsTest, AreServedAsPrometheusTextWithThoseOfOtherRooms) {
  auto reply = probe.get("/metrics");
  EXPECT_THAT(reply->header("content-type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(reply->body(), EndsWith("more 1\n"));
}

TEST_F(MetricsTest, EveryLineIsACommentOrANameAndANumber) {
  std::string text = metrics(probe.context());
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    std::size_t end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos) << "the last line ends too";
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(line.starts_with("refrain_") || line == "more 1") << line;
    EXPECT_NE(line.rfind(' '), std::string::npos) << line;
  }
  EXPECT_GT(lines, 100U);
}

TEST_F(MetricsTest, HistogramsEndWithTheirCount) {
  std::string text = metrics(probe.context());
  EXPECT_THAT(text,
              HasSubstr("refrain_request_seconds_bucket{tier=\"generated\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("refrain_request_seconds_count{tier=\"generated\"} 2\n"));
}

TEST_F(MetricsTest, StatsSayTheSameInJson) {
  json::Value stats = native::write_stats(probe.context(), "");
  EXPECT_EQ(stats.find("outcomes")->find("hit")->as_int(), 1);
  EXPECT_EQ(stats.find("doors")->find("openai.chat")->find("miss")->as_int(), 1);
  EXPECT_EQ(stats.find("milliseconds_saved")->as_int(), 2000);
  EXPECT_EQ(stats.find("tiers")->find("exact")->find("count")->as_int(), 1);
}

TEST_F(MetricsTest, GkvsStatisticsCountAMissOnce) {
  for (const char* user : {"u1", "u1", "u2"}) {
    probe.post("/generate", std::string(R"({"inputs":"q","user_id":")") + user + "\"}");
  }
  json::Value stats = native::write_stats(probe.context(), "");
  EXPECT_EQ(json::write(*stats.find("gkv")),
            R"({"total_requests":3,"user_hits":1,"global_hits":1,"misses":1})");
}

TEST_F(MetricsTest, EmbeddingsAreADoorToo) {
  probe.tiers.model.set([](const ScriptedProducer::Asked& asked, std::size_t) {
    asked.flight->begin({});
    auto event = std::make_shared<chat::Event>();
    event->choices.emplace_back().extra = {{"embedding", json::parse("[1]").value()}};
    asked.flight->append(event);
    asked.flight->finish({});
  });
  probe.post("/v1/embeddings", R"({"model":"e","input":"a"})");
  EXPECT_THAT(metrics(probe.context()),
              HasSubstr("refrain_requests_total{door=\"openai.embeddings\",outcome=\"miss\"} 1\n"));
}

}  // namespace
}  // namespace refrain::api
