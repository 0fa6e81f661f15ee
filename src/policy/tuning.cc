// Fitting the decision to an operator's own labels.
//
// The verifier begins with what it believes of other traffic and takes each label as a route does
// while serving: one step of the Kalman filter. So a few labels move it little, many move it far,
// and nothing has to be chosen. What to expect is said by cross-validation: a fold is judged by a
// belief that saw none of its groups, served by the rule of the budget (the mean of the bounds
// stays within the error), and what was served is counted. Nothing is chosen on the fold, so the
// wrong ones among the hits are an honest estimate, if there are enough.
//
// A gate is worth more than its examples show: it is there for the pair that nobody labelled. It is
// turned off only where at least kGateMin examples were refused by it alone and the upper end of
// their share of wrong ones is no more than a single hit may be.
#include "policy/tuning.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "policy/interval.h"
#include "policy/verifier_table.h"
#include "policy/weigh.h"

namespace refrain::policy {
namespace {

constexpr std::array<double, 4> kErrors = {0.005, 0.01, 0.02, 0.05};
constexpr std::size_t kGateMin = 30;
constexpr std::size_t kGroupsMin = 20, kEachMin = 50;

std::size_t fold_of(std::uint64_t group, std::size_t folds) {
  // Groups are often numbered in the order of a file.
  return static_cast<std::size_t>((group * 0x9e3779b97f4a7c15ULL) >> 33U) % folds;
}

struct Judged {
  double bound = 1;
  bool right = false;
};

double bound_of(const Belief& belief, const Features& evidence) {
  const Estimate found = estimate(belief, evidence);
  return logistic(-found.log_odds + Budget::Options{}.caution * found.deviation);
}

/// The rule of the budget on bounds that are all known.
Expected expected(std::vector<Judged> judged, double error_max, std::size_t examples) {
  Expected out{error_max, examples, 0, 0, false};
  std::ranges::sort(judged, {}, &Judged::bound);
  double sum = 0;
  const double single = error_max * Budget::Options{}.single_max;
  for (const Judged& one : judged) {
    sum += one.bound;
    if (one.bound > single || sum > error_max * static_cast<double>(out.hits + 1)) {
      break;
    }
    ++out.hits;
    out.wrong += one.right ? 0U : 1U;
  }
  // Without one wrong the upper end of 95 % is about 3 / n.
  out.enough = static_cast<double>(out.hits) * error_max >= 3;
  return out;
}

std::vector<Expected> all_expected(const std::vector<Judged>& judged, std::size_t examples) {
  std::vector<Expected> out;
  for (const double error : kErrors) {
    out.push_back(expected(judged, error, examples));
  }
  return out;
}

/// An example as it is with these gates; nullptr: refused.
const Features* evidence_of(const Example& example, const Switches& gates) {
  if (example.candidate) {
    return &example.evidence;
  }
  const bool let_through = example.only_gate && gates.off(*example.only_gate);
  return let_through ? &example.without : nullptr;
}

Belief learnt(std::span<const Example> examples, const Switches& gates, const Belief& prior,
              std::size_t left_out, std::size_t folds) {
  Belief out = prior;
  for (const Example& example : examples) {
    const Features* evidence = evidence_of(example, gates);
    if (evidence != nullptr && fold_of(example.group, folds) != left_out) {
      learn(out, {*evidence, example.right, 1});
    }
  }
  return out;
}

std::vector<GateCount> count_gates(std::span<const Example> examples) {
  std::vector<GateCount> all(Switches::kNames.size());
  for (std::size_t gate = 0; gate < all.size(); ++gate) {
    all[gate].gate = gate;
  }
  for (const Example& example : examples) {
    if (example.only_gate) {
      GateCount& count = all[*example.only_gate];
      ++(example.right ? count.right : count.wrong);
    }
  }
  std::erase_if(all, [](const GateCount& count) { return count.right + count.wrong == 0; });
  return all;
}

Switches chosen(const std::vector<GateCount>& counts, double error_max) {
  Switches out;
  for (const GateCount& count : counts) {
    const std::size_t refused = count.right + count.wrong;
    const double most = error_max * Budget::Options{}.single_max;
    if (refused >= kGateMin && interval(count.wrong, refused).high <= most) {
      out.turn_off(count.gate);
    }
  }
  return out;
}

/// The cosine from which a typical rewording has a bound of error_max at most.
double floor_of(const Belief& belief, double error_max) {
  double low = 0;
  double high = 1;
  for (int step = 0; step < 40; ++step) {
    const double middle = (low + high) / 2;
    (bound_of(belief, Budget::typical(middle)) <= error_max ? high : low) = middle;
  }
  return high;
}

void warn(const TuneOptions& options, Tuned& out) {
  const std::size_t wrong = out.examples - out.right;
  if (out.right < kEachMin || wrong < kEachMin) {
    out.warnings.push_back(fmt::format("{} right and {} wrong examples: {} of each are wanted "
                                       "before anything can be said",
                                       out.right, wrong, kEachMin));
  }
  if (out.groups < kGroupsMin) {
    out.warnings.push_back(fmt::format("{} groups: what is learnt of a few may not hold for "
                                       "others; {} are wanted",
                                       out.groups, kGroupsMin));
  }
  for (std::size_t i = 0; i < out.after.size(); ++i) {
    const Expected& was = out.before[i];
    const double allowed = was.error_max * static_cast<double>(was.hits);
    const bool kept = static_cast<double>(was.wrong) <= allowed;
    const bool asked = std::abs(was.error_max - options.error_max) < 1e-9;
    if (asked && kept && was.hits > out.after[i].hits) {
      out.warnings.push_back(fmt::format(
          "at an error of {} this profile serves less than the default one, which keeps it: {} "
          "against {} hits; better not use it",
          was.error_max, out.after[i].hits, was.hits));
    }
  }
  for (const Expected& one : out.after) {
    if (!one.enough && one.error_max >= options.error_max) {
      out.warnings.push_back(fmt::format(
          "{} hits at an error of {}: too few to say whether that is kept; {:.0f} would be enough",
          one.hits, one.error_max, std::ceil(3 / one.error_max)));
    }
  }
}

}  // namespace

Example example(const Profile& asked, const Profile& stored, double cosine, bool overlooked) {
  const std::array<Neighbour, 1> near = {Neighbour{cosine, &stored, overlooked}};
  const Features& weights = verifier_prior().mean;
  const auto alone = [](std::size_t, std::size_t) { return 1.0; };
  const Weighing found = weigh(asked, near, alone, weights, {});
  Example out;
  out.candidate = found.best.has_value();
  if (out.candidate) {
    out.evidence = found.all.front().evidence;
    return out;
  }
  for (std::size_t gate = 0; gate < Switches::kNames.size() && !out.only_gate; ++gate) {
    Switches gates;
    gates.turn_off(gate);
    const Weighing other = weigh(asked, near, alone, weights, gates);
    if (other.best) {
      out.only_gate = gate;
      out.without = other.all.front().evidence;
    }
  }
  return out;
}

Tuned tune(std::span<const Example> examples, const Belief& prior, const TuneOptions& options) {
  Tuned out;
  out.examples = examples.size();
  std::set<std::uint64_t> groups;
  for (const Example& example : examples) {
    groups.insert(example.group);
    out.right += example.right ? 1U : 0U;
  }
  out.groups = groups.size();
  out.gate_counts = count_gates(examples);
  out.gates = chosen(out.gate_counts, options.error_max);
  std::vector<Judged> before;
  std::vector<Judged> after;
  const std::size_t folds = std::max<std::size_t>(options.folds, 2);
  const Belief anchored = Budget::anchored(prior, {.error_max = options.error_max});
  for (std::size_t fold = 0; fold < folds; ++fold) {
    const Belief belief = learnt(examples, out.gates, prior, fold, folds);
    for (const Example& example : examples) {
      if (fold_of(example.group, folds) != fold) {
        continue;
      }
      if (example.candidate) {
        before.push_back({bound_of(anchored, example.evidence), example.right});
      }
      if (const Features* evidence = evidence_of(example, out.gates)) {
        after.push_back({bound_of(belief, *evidence), example.right});
      }
    }
  }
  out.before = all_expected(before, examples.size());
  out.after = all_expected(after, examples.size());
  out.belief = learnt(examples, out.gates, prior, folds, folds);
  out.alone_floor = floor_of(out.belief, options.error_max);
  warn(options, out);
  return out;
}

}  // namespace refrain::policy
