#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "policy/belief.h"

namespace refrain::policy {

/// What the budget says of one candidate.
struct Allowance {
  double wrong = 1;  // probability that its answer is wrong
  double bound = 1;  // upper bound of that, from what is known so far
  double limit = 0;  // the bound up to which candidates are served now
  bool serve = false;
  bool explore = false;  // would be served, but is to be generated anyway, to learn from it
};

/// Whether a would-be hit belongs to those of which the first ones are checked before they are
/// relied on. trusted: the floor and every gate let it through, as an operator can follow; checked:
/// only what the verifier makes of other traffic speaks for it.
enum class First : std::uint8_t { checked, trusted };

/// Keeps the share of wrong answers among the hits of one route within `error_max`. Not
/// thread-safe; a value: copied, compared by what it does, written down whole.
class Budget {
 public:
  struct Options {
    double error_max = 0.01;  // wrong answers allowed among the hits, 0..1
    double explore = 0.02;    // share of would-be hits that is generated anyway
    // Of the first would-be hits nearly all are generated, falling to `explore` after so many: what
    // a prior from other traffic is worth here shows before it is relied on.
    double first_checks = 20;
    double caution = 1.2;       // deviations of the log odds that the bound lies above the mean
    double single_max = 6;      // no single hit may be likelier wrong than this many error_max
    std::size_t window = 1024;  // look-ups over which the limit is found
    double forget = 0.0002;     // of what is believed, per label
    // The cosine from which a candidate whose answer stands alone is served before there is any
    // label: there the bound is error_max.
    double alone_floor = 0.86;
  };
  /// What is kept of a route between two runs of the program.
  struct State {
    Belief belief;
    std::vector<float> window;  // bounds of the last look-ups, oldest first from `next`
    std::size_t next = 0;
    double expected_wrong = 0;  // of checked would-be hits, by the bounds; fading
    double observed_wrong = 0;  // of the same
    std::uint64_t labels = 0, hits = 0, checks = 0, checks_wrong = 0;
  };

  Budget(const Options& options, const Belief& prior);
  Budget(const Options& options, const Belief& prior, State state);

  /// random  0..1, uniform: decides whether a would-be hit is explored; 1 never explores, for where
  ///         nothing can be generated.
  /// first   trusted: only the steady share is explored, from the first hit on.
  Allowance judge(const Features& evidence, double random, First first = First::checked);
  /// What judge() would say, without counting a look-up; nothing is explored.
  Allowance preview(const Features& evidence) const;
  /// A label of a candidate: from a miss, from a check of a would-be hit, or from feedback.
  /// checked  the allowance under which the candidate would have been, or was, served.
  void learn(const Features& evidence, bool right, const std::optional<Allowance>& checked);

  /// What a person said of an answer that was served under this allowance: a label that, when
  /// wrong, tightens as a check does, but is not counted as one: people report what is wrong.
  void report(const Features& evidence, bool right, const Allowance& served);

  const State& state() const noexcept { return state_; }
  const Options& options() const noexcept { return options_; }
  /// The evidence of a typical rewording that stands alone.
  static Features typical(double cosine);
  /// An alone_floor that asks for no anchor: the prior was fitted to this very traffic.
  static constexpr double kNoAnchor = -1;
  /// The prior with its first block moved so that what was said of alone_floor holds.
  static Belief anchored(const Belief& prior, const Options& options);
  /// By how much the bounds are multiplied after what the checks have shown; 1: nothing yet.
  double correction() const noexcept;
  /// The bound up to which candidates are served now.
  double limit() const noexcept { return limit_; }

 private:
  void find_limit();
  void label(const Features& evidence, bool right);
  void compare(const Allowance& said, bool right);

  Options options_;
  Belief prior_;
  State state_;
  double limit_ = 0;
  std::size_t since_ = 0;
};

}  // namespace refrain::policy
