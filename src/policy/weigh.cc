#include "policy/weigh.h"

#include <algorithm>
#include <array>

namespace refrain::policy {
namespace {

/// What no vote outweighs: neighbours that agree with each other may all be answers to the other
/// question, as five entries about one service are when another service is asked for.
bool decisive(const PairEvidence& pair) noexcept {
  return pair.numbers || pair.direction || pair.names || pair.substitution ||
         (pair.polarity && pair.opposites > 0);
}

using Agreements = std::array<std::array<double, kNeighboursMax>, kNeighboursMax>;

struct Voters {
  std::array<std::size_t, kNeighboursMax> who{};
  std::array<double, kNeighboursMax> cosines{};
  std::size_t count = 0;
};

Agreements agreements(const Voters& voters, const AgreementOf& agreement) {
  Agreements out{};
  for (std::size_t a = 0; a < voters.count; ++a) {
    out[a][a] = 1;
    for (std::size_t b = a + 1; b < voters.count; ++b) {
      out[a][b] = out[b][a] = agreement(voters.who[a], voters.who[b]);
    }
  }
  return out;
}

/// Alone among answers, only the texts speak, and each of these differences is the whole of it.
bool differs_alone(const PairEvidence& pair) noexcept {
  return pair.strict || pair.names || pair.polarity || pair.question || pair.time ||
         pair.modality || pair.substitution || pair.length;
}

/// Support never hurts: a candidate that would be served alone, and that no neighbour contradicts,
/// is weighed as if it stood alone where that says more.
Features evidence_of(const Weighed& weighed, const Features& weights) {
  const Features found = features(weighed.pair, weighed.votes);
  if (!supported(weighed.votes) || weighed.votes.rival || differs_alone(weighed.pair)) {
    return found;
  }
  Vote alone = weighed.votes;
  alone.agreeing = 0;
  const Features other = features(weighed.pair, alone);
  return log_odds(weights, other) > log_odds(weights, found) ? other : found;
}

}  // namespace

Weighing weigh(const Profile& query, std::span<const Neighbour> neighbours,
               const AgreementOf& agreement, const Features& weights, const Switches& gates) {
  Weighing out;
  Voters voters;
  for (std::size_t at = 0; at < std::min(neighbours.size(), kNeighboursMax); ++at) {
    const Neighbour& neighbour = neighbours[at];
    Weighed& weighed = out.all.emplace_back();
    weighed.pair = pair_evidence(query, *neighbour.profile, neighbour.cosine);
    gates.apply(weighed.pair);
    weighed.refused = decisive(weighed.pair) || neighbour.overlooked;
    if (!weighed.refused) {
      voters.who[voters.count] = at;
      voters.cosines[voters.count++] = neighbour.cosine;
    }
  }
  const Agreements agree = agreements(voters, agreement);
  for (std::size_t mine = 0; mine < voters.count; ++mine) {
    const std::size_t at = voters.who[mine];
    Weighed& weighed = out.all[at];
    weighed.votes = vote(mine, std::span(voters.cosines).first(voters.count),
                         std::span(agree[mine]).first(voters.count));
    if (!supported(weighed.votes) && differs_alone(weighed.pair)) {
      weighed.refused = true;
      continue;
    }
    weighed.evidence = evidence_of(weighed, weights);
    weighed.odds = log_odds(weights, weighed.evidence);
    const bool better = !out.best || weighed.odds > out.all[*out.best].odds;
    if (better && !neighbours[at].votes_only) {
      out.best = at;
    }
  }
  return out;
}

Weighing weigh(const Profile& query, std::span<const Neighbour> neighbours,
               std::span<const double> agreement, const Features& weights) {
  const auto known = [&](std::size_t a, std::size_t b) {
    return agreement[a * neighbours.size() + b];
  };
  return weigh(query, neighbours, known, weights, {});
}

}  // namespace refrain::policy
