#include "cli/decision_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "policy/verifier_table.h"
#include "tests/support/temp_folder.h"

namespace refrain::cli {
namespace {

using testing::HasSubstr;

policy::Tuned tuned() {
  policy::Tuned out;
  out.belief = policy::verifier_prior();
  out.alone_floor = 0.83;
  out.gates.turn_off(1);
  return out;
}

TEST(DecisionProfile, WhatIsWrittenIsReadBitByBit) {
  const auto read = read_profile(*json::parse(json::write(write_profile(tuned(), 0.02))));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->belief.mean, policy::verifier_prior().mean);
  EXPECT_EQ(read->belief.covariance, policy::verifier_prior().covariance);
  EXPECT_DOUBLE_EQ(read->alone_floor, 0.83);
  EXPECT_DOUBLE_EQ(read->error_max, 0.02);
  EXPECT_TRUE(read->gates.off(1));
}

TEST(DecisionProfile, WhatIsNoneIsNamed) {
  json::Value value = write_profile(tuned(), 0.02);
  value.set("mean", json::Array{});
  EXPECT_THAT(read_profile(value).error().what, HasSubstr("'mean' must be 28 numbers"));
  value = write_profile(tuned(), 0.02);
  value.set("gates_off", json::Array{"mood"});
  EXPECT_THAT(read_profile(value).error().what, HasSubstr("'gates_off'"));
  EXPECT_THAT(read_profile(json::Value(json::Object{})).error().what, HasSubstr("refrain tune"));
}

TEST(DecisionProfile, AFileThatIsNoneIsNamedWithItsPath) {
  TempFolder folder;
  const std::string path = folder.path() + "/p.json";
  std::ofstream(path) << "{}";
  EXPECT_THAT(load_profile(path).error().what, HasSubstr(path));
  EXPECT_FALSE(load_profile(folder.path() + "/none"));
}

}  // namespace
}  // namespace refrain::cli
