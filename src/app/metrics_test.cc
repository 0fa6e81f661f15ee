#include "app/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::app {
namespace {

using testing::HasSubstr;

template <class Stats>
std::string text_of(const Stats& stats) {
  std::string out;
  append(stats, out);
  return out;
}

TEST(AppMetrics, ANumberHasItsHelpItsKindAndItsValue) {
  net::Stats stats;
  stats.requests = 3;
  EXPECT_THAT(text_of(stats), HasSubstr("# HELP refrain_http_requests_total Requests.\n"
                                        "# TYPE refrain_http_requests_total counter\n"
                                        "refrain_http_requests_total 3\n"));
}

TEST(AppMetrics, TimeoutsOfAllKindsButIdleAddUp) {
  net::Stats stats;
  stats.timeouts_header = 1;
  stats.timeouts_body = 2;
  stats.timeouts_write = 4;
  stats.timeouts_idle = 8;
  EXPECT_THAT(text_of(stats), HasSubstr("refrain_http_timeouts_total 7\n"));
}

TEST(AppMetrics, EveryRoomHasItsNumbers) {
  EXPECT_THAT(text_of(fetch::Stats{}), HasSubstr("refrain_fetch_open 0\n"));
  EXPECT_THAT(text_of(upstream::Stats{}), HasSubstr("refrain_upstream_requests_total 0\n"));
  EXPECT_THAT(text_of(embed::Stats{}), HasSubstr("refrain_embed_texts_total 0\n"));
}

}  // namespace
}  // namespace refrain::app
