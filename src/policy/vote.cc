// The vote of the neighbours' answers.
//
// Questions that are answered alike lie in a region; a new question deep inside the region is
// answered like its neighbours, and one between two regions is not certain, however near its
// nearest neighbour is. So the candidate's answer is compared with those of the other neighbours:
// how far away is the nearest other answer (margin), and which share of the region, nearer ones
// counting more, agrees. Where every entry has an answer of its own nothing agrees, and the vote
// says only how lonely the candidate is.
#include "policy/vote.h"

#include <algorithm>
#include <cmath>

namespace refrain::policy {
namespace {

// Cosines 0.05 apart weigh as 1 to 2.7: about the spread within an intent.
constexpr double kTemperature = 0.05;
constexpr double kLonely = 0.3;  // the margin where nothing else is near
constexpr double kRival = 0.5;   // below this an answer is another one

}  // namespace

Vote vote(std::size_t candidate, std::span<const double> cosines,
          std::span<const double> agreement) noexcept {
  Vote out;
  const std::size_t count = std::min({cosines.size(), agreement.size(), kNeighboursMax});
  if (candidate >= count) {
    return out;
  }
  const double own = cosines[candidate];
  double weights = 0;
  double sum = 0;
  double nearest_other = -1;
  double furthest = own;
  for (std::size_t at = 0; at < count; ++at) {
    sum += cosines[at];
    furthest = std::min(furthest, cosines[at]);
    if (at == candidate || agreement[at] < 0) {
      continue;
    }
    const double weight = std::exp((cosines[at] - own) / kTemperature);
    const double agrees = std::min(agreement[at], 1.0);
    weights += weight;
    out.share += weight * agrees;
    out.agreeing += agrees;
    if (agrees < kRival) {
      out.rival = true;
      nearest_other = std::max(nearest_other, cosines[at]);
    } else {
      out.second = std::max(out.second, cosines[at]);
    }
  }
  out.share = weights > 0 ? out.share / weights : 0;
  const bool lonely = !out.rival && count < kNeighboursMax;
  out.margin = lonely ? kLonely : own - (out.rival ? nearest_other : furthest);
  out.density = own - sum / static_cast<double>(count);
  return out;
}

}  // namespace refrain::policy
