#pragma once

#include <string>

#include "json/value.h"
#include "policy/tuning.h"

namespace refrain::cli {

/// What `refrain tune` writes and `decision.profile` names: what decisions begin with.
struct DecisionProfile {
  policy::Belief belief;
  double error_max = 0.01;  // that it was tuned for
  double alone_floor = 1;
  policy::Switches gates;
};

json::Value write_profile(const policy::Tuned& tuned, double error_max);
/// Errors: invalid (no profile, another number of features, a number that is none, an unknown
/// gate); the sentence names the member.
base::Result<DecisionProfile> read_profile(const json::Value& value);
/// The same from a file. Errors: those of base::read_file, and invalid.
base::Result<DecisionProfile> load_profile(const std::string& path);

}  // namespace refrain::cli
