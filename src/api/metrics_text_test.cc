#include "api/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::api {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

TEST(MetricsText, ACounterHasItsHeadingAndOneSample) {
  std::string out;
  counter(out, "hits_total", "Hits.", 3);
  EXPECT_EQ(out,
            "# HELP refrain_hits_total Hits.\n# TYPE refrain_hits_total counter\n"
            "refrain_hits_total 3\n");
}

TEST(MetricsText, LabelsStandInBraces) {
  std::string out;
  sample(out, "hits_total", "tier=\"exact\"", 1.5);
  EXPECT_EQ(out, "refrain_hits_total{tier=\"exact\"} 1.5\n");
}

TEST(MetricsText, BucketsOfAHistogramCountWhatIsBelowThem) {
  base::Histogram seconds;
  seconds.observe(std::chrono::microseconds(1));
  seconds.observe(std::chrono::hours(1));
  std::string plain, labelled;
  histogram(plain, "wait_seconds", "", seconds.snapshot());
  histogram(labelled, "wait_seconds", "tier=\"exact\"", seconds.snapshot());
  EXPECT_THAT(plain, HasSubstr("refrain_wait_seconds_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(plain, HasSubstr("} 1\nrefrain_wait_seconds_bucket{le=\"+Inf\"}"));
  EXPECT_THAT(plain, EndsWith("refrain_wait_seconds_count 2\n"));
  EXPECT_THAT(labelled, HasSubstr("_bucket{tier=\"exact\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(labelled, EndsWith("refrain_wait_seconds_count{tier=\"exact\"} 2\n"));
}

}  // namespace
}  // namespace refrain::api
