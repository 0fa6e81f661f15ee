#pragma once

#include <cmath>
#include <numeric>
#include <span>

namespace refrain::embed {

/// Scales to unit length; false for a vector without one (all zero, or not finite). A vector that
/// is a unit vector already within 1e-6 keeps its bits.
inline bool make_unit(std::span<float> vector) {
  double square = std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0);
  if (!std::isfinite(square) || square <= 0) return false;
  double length = std::sqrt(square);
  if (std::abs(length - 1) < 1e-6) return true;
  for (float& x : vector) x = static_cast<float>(static_cast<double>(x) / length);
  return true;
}

}  // namespace refrain::embed
