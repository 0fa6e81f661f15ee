// Simulations with a known truth: a line that differs from the prior as much as the prior says it
// may, evidence at random, labels by the truth's probability. What is claimed is claimed of the
// truth's own probabilities over what was served, so that luck with labels does not count.
#include "policy/budget.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace refrain::policy {
namespace {

constexpr double kSpread = 0.7;  // deviation of the truth's weights around the prior's

Belief prior() {
  Belief out;
  out.mean[kAlone] = -3;
  out.mean[kAlone + 1] = 4;  // cosine
  out.mean[kAlone + 8] = 8;  // margin
  out.mean[kAlone + 9] = 4;  // share
  for (std::size_t i = 0; i < kFeatures; ++i) {
    out.covariance[i * kFeatures + i] = kSpread * kSpread;
  }
  return out;
}

class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : random_(seed), truth_(prior().mean) {
    std::normal_distribution<double> apart(0, kSpread);
    for (double& weight : truth_) {
      weight += apart(random_);
    }
  }
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  Features next() {
    PairEvidence pair;
    pair.cosine = 0.5 + 0.5 * uniform();
    pair.words.covered = uniform();
    pair.names = uniform() < 0.1;
    Vote votes;
    votes.agreeing = 1 + 8 * uniform();
    votes.margin = 0.3 * uniform();
    votes.share = uniform();
    votes.rival = uniform() < 0.5;
    return features(pair, votes);
  }
  double right(const Features& evidence) const { return logistic(log_odds(truth_, evidence)); }
  void drift(double by) { truth_[kAlone] -= by; }

 private:
  std::mt19937_64 random_;
  Features truth_;
};

struct Served {
  double hits = 0, wrong = 0;  // wrong: expected, by the truth
  double rate() const { return hits > 0 ? wrong / hits : 0; }
};

Served run(Budget& budget, Traffic& traffic, std::size_t requests) {
  Served out;
  for (std::size_t i = 0; i < requests; ++i) {
    const Features evidence = traffic.next();
    const double right = traffic.right(evidence);
    const Allowance allowance = budget.judge(evidence, traffic.uniform());
    if (allowance.serve) {
      ++out.hits;
      out.wrong += 1 - right;
      continue;
    }
    budget.learn(evidence, traffic.uniform() < right,
                 allowance.explore ? std::optional(allowance) : std::nullopt);
  }
  return out;
}

TEST(Budget, HoldsOnExchangeableStreamsInNineteenSeedsOfTwenty) {
  const Belief believed = prior();
  int held = 0;
  double hits = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Budget budget({.error_max = 0.02}, believed);
    Traffic traffic(seed);
    const Served served = run(budget, traffic, 1000);
    held += served.rate() <= 0.02 ? 1 : 0;
    hits += served.hits / 1000 / 200;
  }
  EXPECT_GE(held, 190);
  EXPECT_GT(hits, 0.15);  // and not by refusing everything
}

TEST(Budget, RecoversFromAPlantedDrift) {
  const Belief believed = prior();
  int recovered = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Budget budget({.error_max = 0.02}, believed);
    Traffic traffic(seed);
    run(budget, traffic, 1500);
    traffic.drift(2);
    run(budget, traffic, 3000);
    recovered += run(budget, traffic, 1000).rate() <= 0.04 ? 1 : 0;
  }
  EXPECT_GE(recovered, 45);
}

TEST(Budget, ServesNothingWithoutEvidence) {
  Budget budget({}, Belief{});
  EXPECT_FALSE(budget.judge(Features{}, 0.5).serve);
}

TEST(Budget, ACandidateThatStandsAloneIsServedFromItsFloor) {
  Belief line;
  line.mean[1] = 10;
  Budget sloped({.alone_floor = 0.9}, line);
  const auto serves = [&](double cosine) {
    PairEvidence pair;
    pair.cosine = cosine;
    pair.words.covered = pair.words.order = 0.5;
    Vote votes;
    votes.margin = 0.1;
    return sloped.judge(features(pair, votes), 1).serve;
  };
  EXPECT_FALSE(serves(0.89));
  EXPECT_TRUE(serves(0.91));
}

TEST(Budget, AShareOfWouldBeHitsIsExplored) {
  Belief sure;
  sure.mean[kAlone] = 20;
  Budget budget({.explore = 0.1, .first_checks = 0}, sure);
  Features evidence{};
  evidence[kAlone] = 1;
  EXPECT_TRUE(budget.judge(evidence, 0.05).explore);
  EXPECT_TRUE(budget.judge(evidence, 0.15).serve);
}

TEST(Budget, NearlyAllOfTheFirstWouldBeHitsAreChecked) {
  Belief sure;
  sure.mean[kAlone] = 20;
  Budget budget({}, sure);
  Features evidence{};
  evidence[kAlone] = 1;
  int explored = 0;
  for (int i = 0; i < 20; ++i) {
    const Allowance allowance = budget.judge(evidence, 0.5);
    explored += allowance.explore ? 1 : 0;
    if (allowance.explore) budget.learn(evidence, true, allowance);
  }
  EXPECT_GE(explored, 8);
  EXPECT_LT(explored, 20);
  EXPECT_TRUE(budget.judge(evidence, 1).serve);
}

TEST(Budget, ChecksThatTurnOutWrongTightenAtOnce) {
  Belief sure;
  sure.mean[kAlone] = 5.5;
  Budget budget({.first_checks = 0}, sure);
  Features evidence{};
  evidence[kAlone] = 1;
  const Allowance allowance = budget.judge(evidence, 0.5);
  ASSERT_TRUE(allowance.serve);
  for (int i = 0; i < 6; ++i) {
    budget.learn(evidence, false, allowance);
  }
  EXPECT_GT(budget.correction(), 2);
  EXPECT_FALSE(budget.judge(evidence, 0.5).serve);
}

TEST(Budget, AReportOfAWrongAnswerTightensAndIsNoCheck) {
  Belief sure;
  sure.mean[kAlone] = 5.5;
  Budget budget({.first_checks = 0}, sure);
  Features evidence{};
  evidence[kAlone] = 1;
  const Allowance allowance = budget.judge(evidence, 0.5);
  budget.report(evidence, false, allowance);
  EXPECT_GT(budget.correction(), 1);
  EXPECT_EQ(budget.state().checks, 0U);
  EXPECT_EQ(budget.state().labels, 1U);
}

TEST(Budget, APreviewSaysTheSameAndCountsNothing) {
  Belief sure;
  sure.mean[kAlone] = 20;
  Budget budget({}, sure);
  Features evidence{};
  evidence[kAlone] = 1;
  EXPECT_TRUE(budget.preview(evidence).serve);
  EXPECT_EQ(budget.state().hits, 0U);
  EXPECT_TRUE(budget.state().window.empty());
}

TEST(Budget, WhatIsTrustedNeedsNoFirstChecks) {
  Belief sure;
  sure.mean[kAlone] = 20;
  Budget budget({}, sure);
  Features evidence{};
  evidence[kAlone] = 1;
  EXPECT_TRUE(budget.judge(evidence, 0.5, First::trusted).serve);
  EXPECT_TRUE(budget.judge(evidence, 0.01, First::trusted).explore);
}

TEST(Budget, TheStateIsAllThatIsNeededToGoOn) {
  const Belief believed = prior();
  Budget one({.error_max = 0.02}, believed);
  Traffic traffic(7);
  run(one, traffic, 600);
  Budget other({.error_max = 0.02}, believed, one.state());
  for (int i = 0; i < 64; ++i) {
    one.judge(traffic.next(), 0.5);
  }
  Budget fresh({.error_max = 0.02}, believed, one.state());
  const Features evidence = traffic.next();
  EXPECT_DOUBLE_EQ(fresh.judge(evidence, 0.5).bound, one.judge(evidence, 0.5).bound);
  EXPECT_EQ(other.state().labels, one.state().labels);
}

TEST(Budget, TheWindowIsBounded) {
  Budget budget({.window = 10}, prior());
  Traffic traffic(1);
  for (int i = 0; i < 100; ++i) {
    budget.judge(traffic.next(), 0.5);
  }
  EXPECT_EQ(budget.state().window.size(), 10U);
}

}  // namespace
}  // namespace refrain::policy
