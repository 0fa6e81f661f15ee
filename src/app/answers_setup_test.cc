#include "app/answers_setup.h"

#include <gtest/gtest.h>

#include "app/config.h"

namespace refrain::app {
namespace {

base::Result<Config> configured(std::map<std::string, std::vector<std::string>> flags) {
  Sources sources;
  sources.flags = std::move(flags);
  return configure(*layer(sources));
}

TEST(AnswersSettings, DefaultIsVerifiedAndRefusesTheReferencesModels) {
  const AnswersConfig answers = configured({})->answers;
  EXPECT_EQ(answers.service.rule.mode, policy::Mode::verified);
  EXPECT_EQ(answers.service.keying.form, chat::KeyForm::conversation);
  EXPECT_EQ(answers.door.refused.size(), 3U);
  EXPECT_FALSE(answers.door.folds_names);
  EXPECT_TRUE(answers.ledger.path.ends_with("/answers.sqlite"));
}

TEST(AnswersSettings, TheReferencesRuleIsThresholdModeOnItsScale) {
  const AnswersConfig answers = configured({{"modelcache.semantic", {"threshold"}},
                                            {"modelcache.scale", {"l2"}},
                                            {"modelcache.threshold-long", {"0.8"}},
                                            {"modelcache.key", {"last-message"}},
                                            {"modelcache.choice", {"all"}},
                                            {"modelcache.top-k", {"3"}},
                                            {"modelcache.refused", {"a, b-c"}}})
                                    ->answers;
  EXPECT_EQ(answers.service.rule.mode, policy::Mode::threshold);
  EXPECT_EQ(answers.service.bare.scale, policy::Scale::l2);
  EXPECT_EQ(answers.service.bare.long_threshold, 0.8);
  EXPECT_EQ(answers.service.bare.short_threshold, std::nullopt);
  EXPECT_EQ(answers.service.keying.form, chat::KeyForm::last_message);
  EXPECT_EQ(answers.service.choice, policy::Choice::all);
  EXPECT_EQ(answers.service.top_k, 3U);
  EXPECT_EQ(answers.door.refused, (std::vector<std::string>{"a", "b-c"}));
}

TEST(AnswersSettings, WhatDoesNotFitIsNamed) {
  EXPECT_TRUE(configured({{"modelcache.workers", {"0"}}}).error().what.contains("workers"));
  EXPECT_TRUE(
      configured({{"modelcache.threshold-short", {"1.5"}}}).error().what.contains("0 to 1"));
  EXPECT_TRUE(configured({{"modelcache.choice", {"all"}}}).error().what.contains("threshold mode"));
  EXPECT_FALSE(configured({{"modelcache.key", {"first"}}}));
}

}  // namespace
}  // namespace refrain::app
