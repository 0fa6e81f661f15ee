#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "policy/verifier.h"

namespace refrain::policy {

/// Symmetric, row-major.
using Square = std::array<double, kFeatures * kFeatures>;

/// What is believed about the verifier's weights: a normal distribution.
struct Belief {
  Features mean{};
  Square covariance{};
};

/// A label that became known.
struct Label {
  Features evidence{};
  bool right = false;
  double weight = 1;
};

/// The belief after one label: one step of the extended Kalman filter for a logistic line. Cost:
/// kFeatures squared.
void learn(Belief& belief, const Label& label) noexcept;

/// Widens the belief by a little, so that what was learnt long ago counts less: keeps 1 - rate of
/// its certainty, and no less than the prior's.
void forget(Belief& belief, const Belief& prior, double rate) noexcept;

struct Estimate {
  double log_odds = 0;   // of right, at the mean
  double deviation = 0;  // of the log odds
  double wrong = 1;      // probability that the answer is wrong, uncertainty of the line included
};
Estimate estimate(const Belief& belief, const Features& evidence) noexcept;

/// Fits a belief to labels: maximum a posteriori with a normal prior of deviation `spread` around
/// `center` on every weight; the covariance is worth `observations` labels rather than all.
struct FitOptions {
  double spread = 10;
  double observations = 300;
  std::size_t steps_max = 100;
  Features signs{};  // > 0: never negative; < 0: never positive; 0: free
};
Belief fit(std::span<const Label> labels, const FitOptions& options);

}  // namespace refrain::policy
