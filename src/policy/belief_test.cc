#include "policy/belief.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace refrain::policy {
namespace {

Belief wide(double variance) {
  Belief out;
  for (std::size_t i = 0; i < kFeatures; ++i) {
    out.covariance[i * kFeatures + i] = variance;
  }
  return out;
}

Features alone(double cosine) {
  Features out{};
  out[0] = 1;
  out[1] = cosine;
  return out;
}

std::vector<Label> labels(double bias, double slope, std::size_t count) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<Label> out;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = uniform(random) * 2 - 1;
    out.push_back({alone(x), uniform(random) < logistic(bias + slope * x), 1});
  }
  return out;
}

TEST(Belief, LabelsOneByOneFindTheLine) {
  Belief belief = wide(4);
  for (const Label& label : labels(1, 3, 4000)) {
    learn(belief, label);
  }
  EXPECT_NEAR(belief.mean[0], 1, 0.4);
  EXPECT_NEAR(belief.mean[1], 3, 0.6);
  EXPECT_LT(estimate(belief, alone(0)).deviation, 0.1);
}

TEST(Belief, FittingFindsTheSameLine) {
  const Belief belief = fit(labels(1, 3, 4000), {});
  EXPECT_NEAR(belief.mean[0], 1, 0.2);
  EXPECT_NEAR(belief.mean[1], 3, 0.4);
}

TEST(Belief, AFittedBeliefIsWorthItsObservations) {
  const std::vector<Label> many = labels(1, 3, 4000);
  const double little = estimate(fit(many, {.observations = 100}), alone(0)).deviation;
  const double much = estimate(fit(many, {.observations = 2500}), alone(0)).deviation;
  EXPECT_NEAR(little / much, 5, 0.5);
}

TEST(Belief, AWeightNeverGetsTheWrongSign) {
  FitOptions options;
  options.signs[1] = 1;
  EXPECT_DOUBLE_EQ(fit(labels(0, -2, 1000), options).mean[1], 0);
}

TEST(Belief, UncertaintyMakesAWrongAnswerLikelier) {
  Belief certain = wide(0);
  certain.mean[0] = 4;
  Belief vague = wide(9);
  vague.mean[0] = 4;
  EXPECT_LT(estimate(certain, alone(0)).wrong, estimate(vague, alone(0)).wrong);
}

TEST(Belief, ForgettingWidensTowardsThePrior) {
  const Belief prior = wide(4);
  Belief belief = prior;
  for (const Label& label : labels(1, 3, 500)) {
    learn(belief, label);
  }
  const double before = estimate(belief, alone(0)).deviation;
  forget(belief, prior, 0.5);
  EXPECT_GT(estimate(belief, alone(0)).deviation, before);
  forget(belief, prior, 1);
  EXPECT_NEAR(estimate(belief, alone(0)).deviation, 2, 1e-9);
}

}  // namespace
}  // namespace refrain::policy
