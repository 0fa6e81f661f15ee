#include "policy/tuning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "policy/verifier_table.h"

namespace refrain::policy {
namespace {

// Traffic in which right is likelier the higher the cosine, by a line of its own.
std::vector<Example> traffic(std::size_t count, double middle) {
  std::mt19937_64 dice(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<Example> out;
  for (std::size_t i = 0; i < count; ++i) {
    PairEvidence pair;
    pair.cosine = 0.6 + 0.4 * uniform(dice);
    pair.words.covered = pair.words.order = 0.5;
    Vote votes;
    votes.margin = 0.3;
    Example one;
    one.evidence = features(pair, votes);
    one.right = uniform(dice) < logistic((pair.cosine - middle) * 60);
    one.group = i;
    out.push_back(one);
  }
  return out;
}

const Expected& at(const std::vector<Expected>& all, double error) {
  return *std::ranges::find(all, error, &Expected::error_max);
}

TEST(Tune, LearnsALowerFloorWhereTrafficAllowsItAndAHigherOneWhereItDoesNot) {
  const Tuned kind = tune(traffic(3000, 0.7), verifier_prior(), {});
  const Tuned harsh = tune(traffic(3000, 0.93), verifier_prior(), {});
  EXPECT_LT(kind.alone_floor + 0.05, harsh.alone_floor);
  EXPECT_GT(at(kind.after, 0.01).hits, at(harsh.after, 0.01).hits);
}

TEST(Tune, WhatItExpectsOnHeldOutGroupsStaysNearTheBudget) {
  const Tuned tuned = tune(traffic(4000, 0.75), verifier_prior(), {});
  for (const Expected& one : tuned.after) {
    if (!one.enough) continue;
    const double wrong = static_cast<double>(one.wrong) / static_cast<double>(one.hits);
    EXPECT_LE(wrong, 2 * one.error_max) << one.error_max;
  }
  EXPECT_TRUE(at(tuned.after, 0.05).enough);
}

TEST(Tune, SaysWhereTheExamplesAreTooFew) {
  const Tuned few = tune(traffic(30, 0.75), verifier_prior(), {});
  EXPECT_GE(few.warnings.size(), 2U);
  EXPECT_FALSE(at(few.after, 0.01).enough);
  EXPECT_TRUE(tune({}, verifier_prior(), {}).groups == 0);
}

TEST(Tune, SaysWhenTheDefaultServesMoreAndKeepsTheError) {
  // All right from the default floor on: the default serves these at once, a few labels do not yet.
  std::vector<Example> examples = traffic(60, 0.5);
  for (Example& one : examples) one.right = true;
  const Tuned tuned = tune(examples, verifier_prior(), {});
  ASSERT_GT(at(tuned.before, 0.01).hits, at(tuned.after, 0.01).hits);
  EXPECT_TRUE(std::ranges::any_of(tuned.warnings, [](const std::string& warning) {
    return warning.contains("better not use it");
  }));
}

TEST(Tune, AGateIsTurnedOffOnlyWhereWhatItAloneRefusedIsSurelyRight) {
  std::vector<Example> examples = traffic(500, 0.75);
  Example refused = examples.front();
  refused.without = refused.evidence;
  refused.candidate = false;
  refused.right = true;
  refused.only_gate = Switches::index_of("names");
  for (std::uint64_t i = 0; i < 100; ++i) {
    refused.group = 10000 + i;
    examples.push_back(refused);
  }
  EXPECT_TRUE(tune(examples, verifier_prior(), {}).gates.off(*refused.only_gate));
  for (std::size_t i = 500; i < 505; ++i) examples[i].right = false;
  EXPECT_TRUE(tune(examples, verifier_prior(), {}).gates.all_on());
}

TEST(Tune, AnExampleIsReadAsVerifiedModeReadsIt) {
  const Example rewording =
      example(profile("How do I pay my bill?"), profile("How can I pay my bill?"), 0.95, false);
  EXPECT_TRUE(rewording.candidate);
  const Example other =
      example(profile("Who won in 2023?"), profile("Who won in 2024?"), 0.99, false);
  EXPECT_FALSE(other.candidate);
  EXPECT_EQ(other.only_gate, Switches::index_of("numbers"));
  EXPECT_FALSE(
      example(profile("How do I pay?"), profile("How can I pay?"), 0.95, true).candidate);
}

}  // namespace
}  // namespace refrain::policy
