#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace refrain::base {
namespace {

using testing::HasSubstr;

class LogTest : public testing::Test {
 protected:
  LogTest() {
    log::set_sink([this](std::string_view line) { lines_.emplace_back(line); });
  }
  ~LogTest() override {
    log::set_sink(nullptr);
    log::set_level(log::Level::info);
  }
  std::vector<std::string> lines_;
};

TEST_F(LogTest, LineHasTimeLevelEventAndFields) {
  log::warn("tier error", {{"tier", "exact"}, {"count", 3}, {"share", 0.5}, {"on", true}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0], testing::StartsWith("time=2"));
  EXPECT_THAT(lines_[0],
              testing::EndsWith(
                  " level=warn event=\"tier error\" tier=exact count=3 share=0.500 on=true\n"));
}

TEST_F(LogTest, ValueCannotForgeALineOrAField) {
  log::info("x", {{"name", "a\nlevel=error \"b\\"}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0], HasSubstr("name=\"a\\x0alevel=error \\\"b\\\\\"\n"));
}

TEST_F(LogTest, LinesBelowTheLevelAreDropped) {
  log::debug("quiet");
  log::set_level(log::Level::error);
  log::warn("quiet too");
  log::error("loud");
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0], HasSubstr("event=loud"));
}

TEST_F(LogTest, OccasionallyHoldsRepeatsBack) {
  log::Occasionally fault(std::chrono::hours(1));
  fault.warn("disk full", {});
  fault.warn("disk full", {});
  EXPECT_EQ(lines_.size(), 1U);
}

TEST_F(LogTest, OccasionallyCountsWhatItHeldBack) {
  log::Occasionally fault(std::chrono::seconds(0));
  fault.warn("disk full", {});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0], HasSubstr(" suppressed=0\n"));
}

}  // namespace
}  // namespace refrain::base
