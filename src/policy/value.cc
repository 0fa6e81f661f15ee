// A store keeps the answers that save most per byte. What an entry will save is not known; the best
// simple guess is that it goes on as it did: hits per hour of its life. Three corrections make the
// guess usable. An entry just stored has no history, so it starts with half a hit in its first
// hour: better than an old entry nobody asked for, worse than one that was asked for at once. An
// entry that was popular once fades by half in each week without a use. And an answer whose cost is
// not known counts as one that took a second.
#include "policy/value.h"

#include <algorithm>
#include <cmath>

namespace refrain::policy {
namespace {

constexpr double kHitsPrior = 0.5;
constexpr double kHoursPrior = 1.0;
constexpr double kHalfLifeHours = 7 * 24.0;
constexpr double kHalvesMax = 500;  // 2^-500 is still a number greater than 0
constexpr double kCostUnknown = 1.0;
constexpr double kCostMin = 0.01;

double hours(base::WallTime from, base::WallTime to) noexcept {
  return std::max(0.0, std::chrono::duration<double, std::ratio<3600>>(to - from).count());
}

}  // namespace

double value(const EntryFacts& facts) noexcept {
  double rate = (static_cast<double>(facts.hits) + kHitsPrior) /
                (hours(facts.stored, facts.now) + kHoursPrior);
  double halves = std::min(hours(facts.used, facts.now) / kHalfLifeHours, kHalvesMax);
  double seconds = std::chrono::duration<double>(facts.cost).count();
  double saved = facts.cost.count() == 0 ? kCostUnknown : std::max(seconds, kCostMin);
  double bytes = static_cast<double>(std::max<std::uint64_t>(facts.bytes, 1));
  return rate * std::exp2(-halves) * saved / bytes;
}

}  // namespace refrain::policy
