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

}  // namespace

Weighing weigh(const Profile& query, std::span<const Neighbour> neighbours,
               std::span<const double> agreement, const Features& weights) {
  Weighing out;
  const std::size_t given = neighbours.size();
  const std::size_t count = std::min(given, kNeighboursMax);
  std::array<std::size_t, kNeighboursMax> voter{};
  std::array<double, kNeighboursMax> cosines{};
  std::size_t voters = 0;
  for (std::size_t at = 0; at < count; ++at) {
    const Neighbour& neighbour = neighbours[at];
    Weighed& weighed = out.all.emplace_back();
    weighed.pair = pair_evidence(query, *neighbour.profile, neighbour.cosine);
    weighed.refused = decisive(weighed.pair) || neighbour.overlooked;
    if (!weighed.refused) {
      voter[voters] = at;
      cosines[voters++] = neighbour.cosine;
    }
  }
  for (std::size_t mine = 0; mine < voters; ++mine) {
    Weighed& weighed = out.all[voter[mine]];
    std::array<double, kNeighboursMax> row{};
    for (std::size_t other = 0; other < voters; ++other) {
      row[other] = agreement[voter[mine] * given + voter[other]];
    }
    weighed.votes = vote(mine, std::span(cosines).first(voters), std::span(row).first(voters));
    // Alone among answers, only the texts speak, and each of these differences is the whole of it.
    const PairEvidence& pair = weighed.pair;
    if (!supported(weighed.votes) && (pair.strict || pair.names || pair.polarity || pair.question ||
                                      pair.time || pair.modality || pair.substitution)) {
      weighed.refused = true;
      continue;
    }
    weighed.evidence = features(pair, weighed.votes);
    weighed.odds = log_odds(weights, weighed.evidence);
    if (!out.best || weighed.odds > out.all[*out.best].odds) {
      out.best = voter[mine];
    }
  }
  return out;
}

}  // namespace refrain::policy
