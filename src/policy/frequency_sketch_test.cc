#include "policy/frequency_sketch.h"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

TEST(FrequencySketch, CountsUpToFifteen) {
  FrequencySketch sketch;
  EXPECT_EQ(sketch.estimate(1), 0);
  for (int i = 0; i < 3; ++i) sketch.see(1);
  EXPECT_EQ(sketch.estimate(1), 3);
  for (int i = 0; i < 50; ++i) sketch.see(1);
  EXPECT_EQ(sketch.estimate(1), FrequencySketch::kCountMax);
}

TEST(FrequencySketch, NeverUnderestimatesBeforeAHalving) {
  FrequencySketch sketch;
  sketch.grow(1024);
  std::mt19937_64 dice(1);
  std::map<std::uint64_t, int> truth;
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t name = std::min(dice() % 2000, dice() % 2000);
    sketch.see(name);
    ++truth[name];
  }
  for (auto [name, count] : truth) {
    ASSERT_GE(sketch.estimate(name), std::min(count, 15)) << name;
  }
}

TEST(FrequencySketch, HalvesAfterASample) {
  FrequencySketch sketch;
  for (int i = 0; i < 10; ++i) sketch.see(1);
  for (std::uint64_t i = 10; i < sketch.sample(); ++i) sketch.see(1000 + i % 7);
  EXPECT_EQ(sketch.estimate(1), 5);
}

TEST(FrequencySketch, GrowingChangesNoEstimate) {
  FrequencySketch sketch;
  for (std::uint64_t name = 0; name < 40; ++name) {
    for (std::uint64_t i = 0; i <= name % 5; ++i) sketch.see(name);
  }
  std::vector<int> before;
  for (std::uint64_t name = 0; name < 80; ++name) before.push_back(sketch.estimate(name));
  sketch.grow(10000);
  EXPECT_GE(sketch.sample(), 100000U);
  for (std::uint64_t name = 0; name < 80; ++name) {
    EXPECT_EQ(sketch.estimate(name), before[name]) << name;
  }
}

}  // namespace
}  // namespace refrain::policy
