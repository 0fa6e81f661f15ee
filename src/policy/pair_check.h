#pragma once

#include <string_view>
#include <vector>

#include "policy/budget.h"
#include "policy/gates.h"

namespace refrain::policy {

/// Whether of two questions one may be answered by the other's answer, with nothing else known.
struct PairCheck {
  bool serve = false;
  bool identical = false;  // but for case, spaces and final punctuation: no verifier is asked
  Allowance allowance;     // of the verifier, where no gate refused
  std::vector<Reason> reasons;
};

/// cosine      of the two texts, -1..1.
/// overlooked  what the embedder cannot have seen; "" if nothing (embed::Embedder::overlooked).
/// Pure; symmetric in what it decides.
PairCheck check_pair(std::string_view a, std::string_view b, double cosine,
                     std::string_view overlooked, const Budget::Options& options = {});

}  // namespace refrain::policy
