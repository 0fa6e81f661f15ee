#include "base/metric.h"

#include <gtest/gtest.h>

namespace refrain::base {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Metric, CounterAddsUp) {
  Counter counter;
  counter.add();
  counter.add(4);
  EXPECT_EQ(counter.value(), 5U);
}

TEST(Metric, GaugeGoesUpAndDown) {
  Gauge gauge;
  gauge.set(3);
  gauge.add(-5);
  EXPECT_EQ(gauge.value(), -2);
}

TEST(Metric, DurationOnABoundBelongsToTheBucketBelow) {
  Histogram histogram;
  histogram.observe(microseconds(1));
  histogram.observe(microseconds(2));
  histogram.observe(nanoseconds(2001));
  Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.counts[0], 1U);
  EXPECT_EQ(snapshot.counts[1], 1U);
  EXPECT_EQ(snapshot.counts[2], 1U);
  EXPECT_EQ(snapshot.count, 3U);
  EXPECT_NEAR(snapshot.sum_seconds, 5.001e-6, 1e-12);
}

TEST(Metric, LongAndNegativeDurationsFallIntoTheOuterBuckets) {
  Histogram histogram;
  histogram.observe(std::chrono::hours(5));
  histogram.observe(nanoseconds(-1));
  Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.counts[Histogram::kBuckets - 1], 1U);
  EXPECT_EQ(snapshot.counts[0], 1U);
}

TEST(Metric, QuantileIsTheUpperBoundOfItsBucket) {
  Histogram histogram;
  for (int i = 0; i < 99; ++i) histogram.observe(microseconds(3));
  histogram.observe(microseconds(1000));
  EXPECT_DOUBLE_EQ(histogram.snapshot().quantile(0.5), 4e-6);
  EXPECT_DOUBLE_EQ(histogram.snapshot().quantile(0.999), 1024e-6);
}

TEST(Metric, QuantileOfNothingIsZero) { EXPECT_EQ(Histogram().snapshot().quantile(0.5), 0); }

}  // namespace
}  // namespace refrain::base
