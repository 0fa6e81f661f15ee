// A logistic line with its uncertainty.
//
// The verifier's weights are not known, they are believed: a mean and a covariance. A label moves
// the mean against its own surprise and in the directions of which least is known, and takes away
// uncertainty along its evidence (the extended Kalman filter; one Newton step of the logistic
// likelihood with the belief as prior). It costs kFeatures^2 and keeps nothing but mean and
// covariance, so a route's whole history is five kilobytes.
//
// fit() makes the belief that a route starts with: Newton's method on other traffic's labels. A
// weight whose sign is known beforehand (more cosine is never worse) is held at 0 when the data
// want it otherwise: nothing must be served because it is less alike. Its covariance is scaled so
// that the whole of the other traffic counts as `observations` labels: enough to serve at once,
// little enough to be corrected within a day.
#include "policy/belief.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace refrain::policy {
namespace {

constexpr std::size_t kN = kFeatures;

double& at(Square& matrix, std::size_t row, std::size_t col) { return matrix[row * kN + col]; }
double at(const Square& matrix, std::size_t row, std::size_t col) { return matrix[row * kN + col]; }

Features times(const Square& matrix, const Features& x) noexcept {
  Features out{};
  for (std::size_t row = 0; row < kN; ++row) {
    for (std::size_t col = 0; col < kN; ++col) {
      out[row] += at(matrix, row, col) * x[col];
    }
  }
  return out;
}

/// The inverse of a positive definite matrix, by Gauss and Jordan; no pivots are needed.
Square inverse(Square matrix) noexcept {
  Square out{};
  for (std::size_t i = 0; i < kN; ++i) {
    at(out, i, i) = 1;
  }
  for (std::size_t pivot = 0; pivot < kN; ++pivot) {
    const double scale = 1 / at(matrix, pivot, pivot);
    for (std::size_t col = 0; col < kN; ++col) {
      at(matrix, pivot, col) *= scale;
      at(out, pivot, col) *= scale;
    }
    for (std::size_t row = 0; row < kN; ++row) {
      const double factor = at(matrix, row, pivot);
      if (row == pivot || std::abs(factor) <= 0) {
        continue;
      }
      for (std::size_t col = 0; col < kN; ++col) {
        at(matrix, row, col) -= factor * at(matrix, pivot, col);
        at(out, row, col) -= factor * at(out, pivot, col);
      }
    }
  }
  return out;
}

}  // namespace

void learn(Belief& belief, const Label& label) noexcept {
  const Features& x = label.evidence;
  const Features gain = times(belief.covariance, x);
  double variance = 0;
  for (std::size_t i = 0; i < kN; ++i) {
    variance += gain[i] * x[i];
  }
  const double right = logistic(log_odds(belief.mean, x));
  const double information = label.weight * std::max(right * (1 - right), 1e-4);
  const double scale = 1 / (1 + information * variance);
  const double step = label.weight * ((label.right ? 1.0 : 0.0) - right) * scale;
  for (std::size_t row = 0; row < kN; ++row) {
    belief.mean[row] += step * gain[row];
    for (std::size_t col = 0; col < kN; ++col) {
      at(belief.covariance, row, col) -= information * scale * gain[row] * gain[col];
    }
  }
}

void forget(Belief& belief, const Belief& prior, double rate) noexcept {
  for (std::size_t row = 0; row < kN; ++row) {
    for (std::size_t col = 0; col < kN; ++col) {
      double& value = at(belief.covariance, row, col);
      value += rate * (at(prior.covariance, row, col) - value);
    }
  }
}

Estimate estimate(const Belief& belief, const Features& evidence) noexcept {
  Estimate out;
  out.log_odds = log_odds(belief.mean, evidence);
  const Features spread = times(belief.covariance, evidence);
  double variance = 0;
  for (std::size_t i = 0; i < kN; ++i) {
    variance += spread[i] * evidence[i];
  }
  variance = std::max(variance, 0.0);
  out.deviation = std::sqrt(variance);
  // MacKay's approximation of the logistic averaged over a normal.
  out.wrong = logistic(-out.log_odds / std::sqrt(1 + variance * 0.39269908169872414));
  return out;
}

Belief fit(std::span<const Label> labels, const FitOptions& options) {
  Belief out;
  double total = 0;
  for (const Label& label : labels) {
    total += label.weight;
  }
  const double ridge = 1 / (options.spread * options.spread);
  for (std::size_t step = 0; step < options.steps_max; ++step) {
    Square curvature{};
    Features slope{};
    for (std::size_t i = 0; i < kN; ++i) {
      at(curvature, i, i) = ridge;
      slope[i] = -ridge * out.mean[i];
    }
    for (const Label& label : labels) {
      const double right = logistic(log_odds(out.mean, label.evidence));
      const double information = label.weight * std::max(right * (1 - right), 1e-6);
      const double surprise = label.weight * ((label.right ? 1.0 : 0.0) - right);
      for (std::size_t row = 0; row < kN; ++row) {
        slope[row] += surprise * label.evidence[row];
        const double scaled = information * label.evidence[row];
        for (std::size_t col = 0; col <= row; ++col) {
          at(curvature, row, col) += scaled * label.evidence[col];
        }
      }
    }
    for (std::size_t row = 0; row < kN; ++row) {
      for (std::size_t col = 0; col < row; ++col) {
        at(curvature, col, row) = at(curvature, row, col);
      }
    }
    // A weight at its bound stays there while the data push it beyond.
    Square solved = curvature;
    for (std::size_t i = 0; i < kN; ++i) {
      if (options.signs[i] * out.mean[i] > 0 || options.signs[i] * slope[i] >= 0) {
        continue;
      }
      for (std::size_t other = 0; other < kN; ++other) {
        at(solved, i, other) = at(solved, other, i) = 0;
      }
      at(solved, i, i) = 1;
      slope[i] = 0;
    }
    const Features change = times(inverse(solved), slope);
    double largest = 0;
    for (std::size_t i = 0; i < kN; ++i) {
      const double before = out.mean[i];
      out.mean[i] += std::clamp(change[i], -1.0, 1.0);
      if (options.signs[i] * out.mean[i] < 0) {
        out.mean[i] = 0;
      }
      largest = std::max(largest, std::abs(out.mean[i] - before));
    }
    const double worth = total > 0 ? options.observations / total : 1;
    for (std::size_t i = 0; i < kN * kN; ++i) {
      curvature[i] *= worth;
    }
    for (std::size_t i = 0; i < kN; ++i) {
      at(curvature, i, i) += ridge;
    }
    out.covariance = inverse(curvature);
    if (largest < 1e-6) {
      break;
    }
  }
  return out;
}

}  // namespace refrain::policy
