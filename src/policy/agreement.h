#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/profile.h"

namespace refrain::policy {

/// What an answer states, as far as it can be compared without a model.
struct Statement {
  std::string normal;               // lower case, single spaces
  std::vector<std::string> values;  // numbers, dates, versions; sorted
  Names named;
  Polarity first_poles;  // of the first sentence
  Said first, all;       // words of the first sentence and of everything
};
inline constexpr std::size_t kStatedMax = 2000;  // bytes of an answer that are read

/// Any bytes; an answer longer than kStatedMax is read up to there.
Statement statement(std::string_view answer);

/// Rough size in memory, in bytes.
std::size_t footprint(const Statement& answer);

/// A fresh answer labels a candidate only where the judge is sure: from kAgrees on it was right, up
/// to kDiffers it was wrong.
inline constexpr double kAgrees = 0.8, kDiffers = 0.3;

/// How likely two answers say the same, 0..1; -1 where that cannot be told (an empty answer).
/// Symmetric. Pure. Cost: about 20 microseconds for two answers of 200 characters.
double agreement(const Statement& a, const Statement& b);

}  // namespace refrain::policy
