#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "policy/evidence.h"
#include "policy/vote.h"

namespace refrain::policy {

/// The evidence about a candidate as the verifier weighs it: two blocks, of which one is all 0. The
/// first is for a candidate whose answer stands alone among the neighbours, the second for one that
/// has the support of another neighbour.
inline constexpr std::size_t kAlone = 14, kSupported = 14;
inline constexpr std::size_t kFeatures = kAlone + kSupported;
using Features = std::array<double, kFeatures>;
/// Whether the candidate belongs to the second block.
bool supported(const Vote& votes) noexcept;
Features features(const PairEvidence& pair, const Vote& votes) noexcept;
std::string_view feature_name(std::size_t index) noexcept;
/// 1: more of it never speaks against an answer; -1: never for it; 0: either.
const Features& feature_signs() noexcept;

/// The log odds that the candidate's answer is right: a weighted sum of the features.
double log_odds(const Features& weights, const Features& evidence) noexcept;
/// 1 / (1 + e^-x), without overflow.
double logistic(double x) noexcept;

}  // namespace refrain::policy
