#include "policy/reuse_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = ReuseStep::Kind;

// Restoring a token costs a tenth of computing it.
constexpr ReuseCosts kCosts{.prefill_per_token = 100,
                            .memory_per_token = 10,
                            .disk_per_token = 50,
                            .memory_fixed = 100,
                            .disk_fixed = 1000};

ReusePlan plan(std::size_t prompt, std::vector<Beginning> beginnings) {
  return plan_reuse({.prompt_tokens = prompt, .beginnings = std::move(beginnings),
                     .costs = kCosts});
}

TEST(ReusePlan, NothingKnownIsComputed) {
  const ReusePlan made = plan(100, {});
  EXPECT_EQ(made.rung, Rung::none);
  EXPECT_THAT(made.steps, ElementsAre(ReuseStep{Kind::compute, Source::cells, 0, 100}));
  EXPECT_EQ(made.computed_tokens, 100U);
}

TEST(ReusePlan, TheLastTokenIsAlwaysComputed) {
  const ReusePlan made = plan(100, {{Source::cells, 100}});
  EXPECT_EQ(made.reused_tokens, 99U);
  EXPECT_EQ(made.steps.back(), (ReuseStep{Kind::compute, Source::cells, 99, 100}));
}

TEST(ReusePlan, CellsFirstThenMemoryThenDisk) {
  const ReusePlan made =
      plan(1000, {{Source::disk, 900}, {Source::cells, 200}, {Source::memory, 500}});
  EXPECT_EQ(made.rung, Rung::prefix);
  EXPECT_THAT(made.steps, ElementsAre(ReuseStep{Kind::share, Source::cells, 0, 200},
                                      ReuseStep{Kind::restore, Source::memory, 200, 500},
                                      ReuseStep{Kind::restore, Source::disk, 500, 900},
                                      ReuseStep{Kind::compute, Source::cells, 900, 1000}));
  EXPECT_EQ(made.reused_tokens, 900U);
}

TEST(ReusePlan, AShorterBeginningFurtherOffIsNotAsked) {
  const ReusePlan made = plan(1000, {{Source::cells, 500}, {Source::memory, 300}});
  EXPECT_EQ(made.steps.size(), 2U);
}

TEST(ReusePlan, ARestoreThatCostsMoreThanComputingIsNotDone) {
  const ReusePlan made = plan(100, {{Source::disk, 10}});
  EXPECT_EQ(made.rung, Rung::none);
  EXPECT_THAT(made.reasons, ElementsAre(HasSubstr("compute rather than restore 10 tokens")));
}

TEST(ReusePlan, TheRuleAlwaysRestoresWhateverItCosts) {
  const ReusePlan made = plan_reuse({.prompt_tokens = 100,
                                     .beginnings = {{Source::disk, 10}},
                                     .costs = kCosts,
                                     .rule = ReuseRule::always});
  EXPECT_EQ(made.reused_tokens, 10U);
}

TEST(ReusePlan, WithoutRestoringOnlyCellsCount) {
  const ReusePlan made = plan_reuse({.prompt_tokens = 100,
                                     .beginnings = {{Source::cells, 20}, {Source::memory, 90}},
                                     .costs = kCosts,
                                     .restores = false});
  EXPECT_EQ(made.reused_tokens, 20U);
  EXPECT_THAT(made.reasons, testing::Contains(HasSubstr("cannot be restored")));
}

TEST(ReusePlan, ApproximateReuseSaysThatItIsNotThereYet) {
  const ReusePlan made = plan_reuse({.prompt_tokens = 10, .approximate = true});
  EXPECT_THAT(made.reasons, testing::Contains(HasSubstr("not built yet")));
}

TEST(ReusePlan, StepsCoverThePromptWithoutAGap) {
  for (std::size_t cells : {0U, 1U, 50U, 99U, 150U}) {
    for (std::size_t memory : {0U, 49U, 99U, 100U}) {
      const ReusePlan made = plan(100, {{Source::cells, cells}, {Source::memory, memory}});
      std::size_t at = 0;
      for (const ReuseStep& step : made.steps) {
        EXPECT_EQ(step.from, at);
        EXPECT_GT(step.to, step.from);
        at = step.to;
      }
      EXPECT_EQ(at, 100U);
      EXPECT_EQ(made.reused_tokens + made.computed_tokens, 100U);
    }
  }
}

TEST(ReusePlan, ShortPromptsAreNotWorthSaving) {
  EXPECT_FALSE(worth_saving(1, kCosts, ReuseRule::by_time));
  EXPECT_TRUE(worth_saving(100, kCosts, ReuseRule::by_time));
  EXPECT_TRUE(worth_saving(1, kCosts, ReuseRule::always));
  EXPECT_FALSE(worth_saving(0, kCosts, ReuseRule::always));
}

}  // namespace
}  // namespace refrain::policy
