#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/belief.h"
#include "policy/budget.h"
#include "policy/profile.h"
#include "policy/switches.h"

namespace refrain::policy {

/// A labelled candidate: a question, a stored question, and whether the stored answer is right.
struct Example {
  Features evidence{};
  bool candidate = true;  // no hard gate refuses it
  bool right = false;
  std::uint64_t group = 0;                // examples of one group are never on both sides of a fold
  std::optional<std::size_t> only_gate{};  // of Switches, where that gate alone refuses it
  Features without{};                      // the evidence if that gate were off
};

/// Reads two texts as verified mode does where nothing else is stored.
/// overlooked  the embedder cannot have seen all that tells them apart.
Example example(const Profile& asked, const Profile& stored, double cosine, bool overlooked);

struct TuneOptions {
  double error_max = 0.01;
  std::size_t folds = 5;
};

/// What a budget serves of examples that were not learnt from.
struct Expected {
  double error_max = 0;
  std::size_t examples = 0, hits = 0, wrong = 0;
  bool enough = false;  // so many hits that the error could be told from twice the budget
};

/// What one gate alone refused.
struct GateCount {
  std::size_t gate = 0, right = 0, wrong = 0;
};

/// A profile: what the decision of one operator's traffic begins with.
struct Tuned {
  Belief belief;
  double alone_floor = 1;  // the cosine from which a typical rewording is served
  Switches gates;
  std::vector<Expected> before, after;  // by error_max 0.005, 0.01, 0.02, 0.05
  std::vector<GateCount> gate_counts;   // of those that refused any
  std::size_t examples = 0, right = 0, groups = 0;
  std::vector<std::string> warnings;  // where the examples are too few to say
};

/// Fits the verifier to examples, chooses floor and gates, and says by cross-validation over groups
/// what to expect. A gate is turned off only if what it alone refused is surely right. Pure.
/// Cost: a few microseconds an example and fold.
Tuned tune(std::span<const Example> examples, const Belief& prior, const TuneOptions& options);

}  // namespace refrain::policy
