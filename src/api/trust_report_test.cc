#include "api/trust_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::api {
namespace {

using testing::HasSubstr;

trust::Trust::Stats sample() {
  trust::Trust::Stats stats;
  stats.routes = {{"openai.chat", "a", "m", 0.01, 0.02, 1, 5, 100, 40, 1},
                  {"openai.chat", "b", "m", 0.02, 0.02, 1, 5, 10, 60, 2}};
  stats.refused[1] = 7;
  return stats;
}

TEST(TrustReport, ADoorIsTheSumOfItsRoutes) {
  std::string out;
  trust_metrics(sample(), out);
  EXPECT_THAT(out, HasSubstr("refrain_shadow_checks_total{door=\"openai.chat\"} 100"));
  EXPECT_THAT(out, HasSubstr("refrain_error_seen{door=\"openai.chat\"} 0.03"));
  EXPECT_THAT(out, HasSubstr("refrain_error_max{door=\"openai.chat\"} 0.02"));
  EXPECT_THAT(out, HasSubstr("refrain_semantic_refused_total{by=\"numbers\"} 7"));
}

TEST(TrustReport, TheNativeDoorTellsItByRouteWithItsInterval) {
  const json::Value out = write_trust(sample(), "");
  const json::Array& routes = *out.find("routes")->array();
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[1].text("tenant"), "b");
  EXPECT_TRUE(routes[1].find("error")->find("high"));
  EXPECT_EQ(write_trust(sample(), "a").find("routes")->array()->size(), 1U);
}

TEST(TrustReport, AJudgementNamesTheFeaturesOfItsBlock) {
  trust::Judgement judged;
  judged.evidence[0] = 1;
  judged.evidence[1] = 0.95;
  judged.allowance.bound = 0.004;
  const json::Value out = write_judgement(judged);
  EXPECT_TRUE(out.find("features")->find("cosine"));
  EXPECT_FALSE(out.find("features")->find("share"));
  EXPECT_EQ(out.find("features")->object()->size(), policy::kAlone);
}

}  // namespace
}  // namespace refrain::api
