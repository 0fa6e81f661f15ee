#include "app/decision_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config.h"

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
