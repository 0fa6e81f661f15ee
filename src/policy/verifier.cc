// What the verifier weighs.
//
// Two situations need two lines. Where other neighbours hold the same answer (intents, canned
// replies, structured output) the vote decides, and differences of wording mean little: two
// customers who wait for a card say it in any words. Where every entry has an answer of its own,
// only the two texts speak, and one exchanged word is the whole difference. One line over both
// kinds of traffic was tried: on banking intents it served half, because what kills a minimal pair
// also kills the right hit (docs/decisions/0012).
//
// Few features, each of which a person can check, and with a known sign: more cosine never speaks
// against an answer. That is what makes a line fitted on one traffic fit to begin with on another.
#include "policy/verifier.h"

#include <algorithm>
#include <cmath>

namespace refrain::policy {
namespace {

struct Named {
  std::string_view name;
  double sign;
};
constexpr std::array<Named, kFeatures> kNamed = {{
    {"alone", 0},         {"cosine", 1},        {"closeness", 1}, {"covered", 1},
    {"order", 1},         {"substituted", -1},  {"names", -1},    {"question", -1},
    {"polarity", -1},     {"poles", -1},        {"time", -1},     {"modality", -1},
    {"minimal pair", -1}, {"margin", 1},        {"supported", 0}, {"cosine", 1},
    {"closeness", 1},     {"covered", 1},       {"names", -1},    {"question", -1},
    {"polarity", -1},     {"minimal pair", -1}, {"margin", 1},    {"share", 1},
    {"agreeing", 1},      {"second", 1},        {"density", 0},   {"rival", -1},
}};

constexpr double kSupport = 0.5;  // of one other neighbour at least

}  // namespace

bool supported(const Vote& votes) noexcept { return votes.agreeing >= kSupport; }

Features features(const PairEvidence& pair, const Vote& votes) noexcept {
  const auto flag = [](bool value) { return value ? 1.0 : 0.0; };
  const double cosine = std::clamp(pair.cosine, -1.0, 1.0);
  const double closeness = -std::log(1.02 - cosine);
  const double margin = std::clamp(votes.margin, -0.1, 0.3);
  const double minimal = flag(pair.substitution);
  Features out{};
  if (!supported(votes)) {
    const std::array<double, kAlone> alone = {1,
                                              cosine,
                                              closeness,
                                              pair.words.covered,
                                              pair.words.order,
                                              pair.words.substituted,
                                              flag(pair.names),
                                              flag(pair.question),
                                              flag(pair.polarity),
                                              flag(pair.negations + pair.opposites > 0),
                                              flag(pair.time),
                                              flag(pair.modality),
                                              minimal,
                                              margin};
    std::ranges::copy(alone, out.begin());
  } else {
    const std::array<double, kSupported> supported = {
        1,
        cosine,
        closeness,
        pair.words.covered,
        flag(pair.names),
        flag(pair.question || pair.time || pair.modality),
        flag(pair.polarity),
        minimal,
        margin,
        votes.share,
        votes.agreeing / static_cast<double>(kNeighboursMax - 1),
        votes.second,
        votes.density,
        flag(votes.rival)};
    std::ranges::copy(supported, out.begin() + kAlone);
  }
  return out;
}

std::string_view feature_name(std::size_t index) noexcept {
  return index < kFeatures ? kNamed[index].name : std::string_view();
}

const Features& feature_signs() noexcept {
  static const Features kSigns = [] {
    Features made{};
    std::ranges::transform(kNamed, made.begin(), &Named::sign);
    return made;
  }();
  return kSigns;
}

double log_odds(const Features& weights, const Features& evidence) noexcept {
  double sum = 0;
  for (std::size_t at = 0; at < kFeatures; ++at) {
    sum += weights[at] * evidence[at];
  }
  return sum;
}

double logistic(double x) noexcept {
  if (x >= 0) {
    return 1 / (1 + std::exp(-x));
  }
  const double e = std::exp(x);
  return e / (1 + e);
}

}  // namespace refrain::policy
