// The error budget: which candidates to serve so that of the hits no more than error_max are wrong.
//
// A candidate has a bound on its being wrong. Serving only those whose own bound is below
// error_max keeps the promise and wastes it: most hits are far better than that. The promise is
// about the share among all hits, so the limit is the largest bound up to which the mean of the
// bounds served stays within error_max, found over the last look-ups. Among all rules that keep
// the mean this one serves most.
//
// Three things keep it honest. The bound is above the mean estimate by `caution` deviations, so
// that little knowledge serves little. A small share of would-be hits is generated anyway; how
// often those turn out wrong against what was expected multiplies every bound from then on, up at
// once and down slowly: that is what notices drift, and a verifier that is too sure of itself.
// And no single hit may be more than `single_max` times likelier wrong than the budget.
#include "policy/budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace refrain::policy {
namespace {

constexpr std::uint64_t kFirst = 50;  // labels before the limit may rise above error_max
constexpr std::size_t kEvery = 16;    // look-ups between two searches for the limit
constexpr double kFirstShare = 0.9;   // of the first would-be hits
constexpr double kPseudoWrong = 2;    // what the checks start with, expected and observed
constexpr double kFade = 0.995;       // of the checks' record, per check
// A typical rewording: half of its words kept, no other entry near.
constexpr double kAnchorOverlap = 0.5, kAnchorMargin = 0.1;
constexpr double kCorrectionMin = 0.9, kCorrectionMax = 50;

}  // namespace

Features Budget::typical(double cosine) {
  PairEvidence pair;
  pair.cosine = cosine;
  pair.words.covered = pair.words.order = kAnchorOverlap;
  Vote votes;
  votes.margin = kAnchorMargin;
  return features(pair, votes);
}

Belief Budget::anchored(const Belief& prior, const Options& options) {
  Belief out = prior;
  if (options.alone_floor <= kNoAnchor) {
    return out;
  }
  const Estimate found = estimate(prior, typical(options.alone_floor));
  const double wanted = std::log((1 - options.error_max) / options.error_max);
  out.mean[0] += wanted + options.caution * found.deviation - found.log_odds;
  return out;
}

Budget::Budget(const Options& options, const Belief& prior)
    : Budget(options, prior, State{.belief = anchored(prior, options), .window = {}}) {}

Budget::Budget(const Options& options, const Belief& prior, State state)
    : options_(options), prior_(anchored(prior, options)), state_(std::move(state)) {
  find_limit();
}

double Budget::correction() const noexcept {
  const double ratio =
      (kPseudoWrong + state_.observed_wrong) / (kPseudoWrong + state_.expected_wrong);
  return std::clamp(ratio, kCorrectionMin, kCorrectionMax);
}

void Budget::find_limit() {
  since_ = 0;
  const double factor = correction();
  limit_ = options_.error_max / factor;
  if (state_.labels >= kFirst) {
    std::vector<float> sorted = state_.window;
    std::ranges::sort(sorted);
    double sum = 0;
    for (std::size_t at = 0; at < sorted.size(); ++at) {
      sum += sorted[at];
      if (sum * factor > options_.error_max * static_cast<double>(at + 1)) {
        break;
      }
      limit_ = sorted[at];
    }
  }
  limit_ = std::min(limit_, options_.error_max * options_.single_max / factor);
}

Allowance Budget::preview(const Features& evidence) const {
  const Estimate found = estimate(state_.belief, evidence);
  Allowance out;
  out.wrong = found.wrong;
  out.bound = logistic(-found.log_odds + options_.caution * found.deviation);
  out.limit = limit_;
  out.serve = out.bound <= limit_;
  return out;
}

Allowance Budget::judge(const Features& evidence, double random, First first) {
  Allowance out = preview(evidence);
  if (state_.window.size() < options_.window) {
    state_.window.push_back(static_cast<float>(out.bound));
  } else {
    state_.window[state_.next] = static_cast<float>(out.bound);
    state_.next = (state_.next + 1) % options_.window;
  }
  if (++since_ >= kEvery) {
    find_limit();
  }
  out.limit = limit_;
  const bool good = out.bound <= limit_;
  double left = std::max(0.0, options_.first_checks - static_cast<double>(state_.checks));
  if (first == First::trusted) {
    left = 0;
  }
  const double share =
      std::max(options_.explore, kFirstShare * left / std::max(options_.first_checks, 1.0));
  out.explore = good && options_.explore > 0 && random < share;
  out.serve = good && !out.explore;
  state_.hits += out.serve ? 1U : 0U;
  return out;
}

void Budget::label(const Features& evidence, bool right) {
  policy::learn(state_.belief, {evidence, right, 1});
  forget(state_.belief, prior_, options_.forget);
  ++state_.labels;
}

void Budget::compare(const Allowance& said, bool right) {
  state_.expected_wrong = state_.expected_wrong * kFade + said.bound;
  state_.observed_wrong = state_.observed_wrong * kFade + (right ? 0.0 : 1.0);
  find_limit();
}

void Budget::learn(const Features& evidence, bool right, const std::optional<Allowance>& checked) {
  label(evidence, right);
  if (!checked) {
    return;
  }
  ++state_.checks;
  state_.checks_wrong += right ? 0U : 1U;
  compare(*checked, right);
}

void Budget::report(const Features& evidence, bool right, const Allowance& served) {
  label(evidence, right);
  if (!right) {
    compare(served, right);
  }
}

}  // namespace refrain::policy
