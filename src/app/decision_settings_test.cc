#include "app/decision_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "app/config.h"
#include "cli/decision_profile.h"
#include "json/value.h"
#include "policy/verifier_table.h"
#include "tests/support/temp_folder.h"

namespace refrain::app {
namespace {

using testing::HasSubstr;

base::Result<Config> with(std::map<std::string, std::vector<std::string>> flags) {
  Sources sources;
  sources.flags = std::move(flags);
  return configure(*layer(sources));
}

const policy::Rule& chat_rule(const base::Result<Config>& config) {
  return config->completions.routes.at(chat::Dialect::openai_chat).rule;
}

TEST(DecisionSettings, ByDefaultAnAnswerStandsAloneFromItsFloorAndTheVoteIsHeardBelow) {
  const base::Result<Config> config = with({});
  ASSERT_TRUE(config);
  EXPECT_FLOAT_EQ(chat_rule(config).alone_floor, policy::kAloneFloor);
  EXPECT_FLOAT_EQ(chat_rule(config).floor, policy::kWeighedFloor);
  EXPECT_DOUBLE_EQ(chat_rule(config).error_max, 0.01);
}

TEST(DecisionSettings, AFloorThatWasGivenHoldsForEveryCandidate) {
  const base::Result<Config> config = with({{"floor", {"0.95"}}});
  EXPECT_FLOAT_EQ(chat_rule(config).floor, 0.95F);
  EXPECT_FLOAT_EQ(chat_rule(config).alone_floor, 0.95F);
}

TEST(DecisionSettings, ADoorMayHaveItsOwnBudget) {
  const base::Result<Config> config = with({{"max-error", {"0.02"}}, {"chat.max-error", {"0.1"}}});
  EXPECT_DOUBLE_EQ(chat_rule(config).error_max, 0.1);
  EXPECT_DOUBLE_EQ(config->completions.routes.at(chat::Dialect::tgi).rule.error_max, 0.02);
}

TEST(DecisionSettings, GatesAreTurnedOffByName) {
  const base::Result<Config> config = with({{"decision.gates-off", {"names", "time"}}});
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->trust.gates.off(*policy::Switches::index_of("names")));
  EXPECT_FALSE(config->trust.gates.off(*policy::Switches::index_of("numbers")));
  EXPECT_THAT(with({{"decision.gates-off", {"mood"}}}).error().what, HasSubstr("modality"));
}

TEST(DecisionSettings, ATunedProfileBringsItsVerifierItsGatesAndItsFloor) {
  TempFolder folder;
  const std::string file = folder.path() + "/profile.json";
  policy::Tuned tuned;
  tuned.belief = policy::verifier_prior();
  tuned.belief.mean[1] += 1;
  tuned.alone_floor = 0.8;
  tuned.gates.turn_off(1);
  std::ofstream(file) << json::write(cli::write_profile(tuned, 0.01));
  const base::Result<Config> config = with({{"decision.profile", {file}}});
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->trust.prior.mean, tuned.belief.mean);
  EXPECT_TRUE(config->trust.gates.off(1));
  EXPECT_EQ(config->trust.anchor, trust::Anchor::none);
  EXPECT_FLOAT_EQ(chat_rule(config).alone_floor, 0.8F);
  const base::Result<Config> by_hand = with({{"decision.profile", {file}}, {"floor", {"0.9"}}});
  EXPECT_FLOAT_EQ(chat_rule(by_hand).alone_floor, 0.9F);
  EXPECT_THAT(with({{"decision.profile", {"/none"}}}).error().what, HasSubstr("refrain tune"));
}

TEST(DecisionSettings, MoneyForChecksNeedsAPrice) {
  EXPECT_THAT(with({{"decision.check-money-per-day", {"5"}}}).error().what,
              HasSubstr("decision.token-price"));
  EXPECT_TRUE(with({{"decision.check-money-per-day", {"5"}}, {"decision.token-price", {"2"}}}));
}

TEST(DecisionSettings, WhatWasLearntIsKeptInTheDataFolder) {
  EXPECT_EQ(with({{"data-dir", {"/d"}}})->trust.file, "/d/trust.state");
  EXPECT_EQ(with({{"data-dir", {":memory:"}}})->trust.file, "");
}

}  // namespace
}  // namespace refrain::app
