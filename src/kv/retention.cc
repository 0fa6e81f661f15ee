// Which block goes? The one whose stay saves least per byte and second. A block saves something
// when it is used again, so the question is how soon that will be. Prompts are used again for two
// reasons that LRU confuses: a conversation goes on when its reader has thought, some tens of
// seconds later, and then the block just written is worth more than one that is older; and a
// beginning is common to many prompts, which only the number of uses tells. So uses are counted by
// (number of earlier uses, age), beside the time that blocks spent at each age, and their quotient
// is the hazard: uses per second of a block that has come to this age.
//
// From hazards follows the rate that worth() gives: over all horizons, the best quotient of
// expected uses to expected time kept (the index of Gittins for a job that may be stopped at any
// time; LHD of Beckmann 2018 fixes the horizon instead). Between two ages the logarithm is
// interpolated, so that equal blocks leave in the order of their last use.
//
// Beyond kOld seconds there is little experience, and what there is has survived; classes are
// pooled there and the rate falls strictly with age: the order is that of LRU. Blocks with fewer
// tokens than a block holds are the ends of prompts, which almost nobody repeats: they are a class
// of their own.
//
// Before there is experience a prior speaks, with the weight of kPriorBlocks blocks: a rate that
// falls with age, and rises with the number of uses, less so the older the block is. Its numbers
// were chosen on the first half of the Mooncake conversation trace (bench/micro/kv_trace_bench.cc).
// Refused, by that trace: LRU, LRU with partial blocks first, frequency with a half-life
// (policy/value.h): docs/decisions/0010-kv-blocks.md has the numbers.
#include "kv/retention.h"

#include <algorithm>
#include <cmath>

namespace refrain::kv {
namespace {

constexpr double kPerOctave = 2;
constexpr double kFirst = 4;      // seconds: the width of the first ages
constexpr double kOld = 500;      // seconds
constexpr double kOldFall = 0.9;  // from one age to the next
constexpr double kPriorBlocks = 500;
constexpr double kPriorRate = 0.002;  // uses per second of a fresh block
constexpr double kPriorPartial = 4e-5;
constexpr double kPriorFade = 60;    // seconds after which the rate has halved
constexpr double kHitsFade = 120;    // seconds after which uses count half
constexpr double kSavedUnknown = 1;  // seconds
constexpr double kSavedMin = 1e-6;

// Where the age with this number begins, in seconds.
double start_of(std::size_t age) noexcept {
  return kFirst * (std::exp2(static_cast<double>(age) / kPerOctave) - 1);
}

double place_of(double seconds) noexcept {
  return kPerOctave * std::log2(std::max(seconds, 0.0) / kFirst + 1);
}

double prior(double start, double factor) noexcept {
  const double spread = 1 + (factor - 1) / (1 + start / kHitsFade);
  return kPriorRate * spread / (1 + start / kPriorFade);
}

// The best quotient of expected uses and expected time, from age `from` on.
template <class Row>
double best_rate(const Row& hazard, std::size_t from) {
  double alive = 1, uses = 0, time = 0, best = 0;
  for (std::size_t age = from; age + 1 < hazard.size(); ++age) {
    const double width = start_of(age + 1) - start_of(age);
    const double used = -std::expm1(-hazard[age] * width);
    uses += alive * used;
    time += alive * (hazard[age] > 0 ? used / hazard[age] : width);
    alive *= 1 - used;
    best = std::max(best, uses / time);
  }
  return best;
}

}  // namespace

Retention::Retention() { learn(); }

namespace {

std::size_t class_of(const BlockFacts& facts, std::size_t classes) noexcept {
  if (facts.partial && facts.hits == 0) return classes - 1;
  return static_cast<std::size_t>(std::min<std::uint64_t>(facts.hits, classes - 2));
}

}  // namespace

void Retention::expose(const BlockFacts& facts) {
  Row& seconds = seconds_[class_of(facts, kClasses)];
  for (std::size_t age = 0; age < kAges; ++age) {
    const double start = start_of(age);
    if (facts.age <= start) return;
    const double end = age + 1 == kAges ? facts.age : start_of(age + 1);
    seconds[age] += std::min(facts.age, end) - start;
  }
}

void Retention::used(const BlockFacts& facts) {
  expose(facts);
  const auto age = static_cast<std::size_t>(place_of(facts.age));
  uses_[class_of(facts, kClasses)][std::min(age, kAges - 1)] += 1;
}

void Retention::gone(const BlockFacts& facts) { expose(facts); }

Retention::Row Retention::hazards(std::size_t kind, const Row& pooled_uses,
                                  const Row& pooled_seconds) const {
  const bool partial = kind == kClasses - 1;
  Row out{};
  for (std::size_t age = 0; age < kAges; ++age) {
    const double start = start_of(age);
    const bool pooled = start >= kOld && !partial;
    const double factor = pooled ? 1 : static_cast<double>(kind) + 1;
    const double expected = partial ? kPriorPartial : prior(start, factor);
    const double weight = kPriorBlocks * (start_of(age + 1) - start);
    const double uses = pooled ? pooled_uses[age] : uses_[kind][age];
    const double seconds = pooled ? pooled_seconds[age] : seconds_[kind][age];
    out[age] = (uses + expected * weight) / (seconds + weight);
  }
  return out;
}

void Retention::learn() {
  Row uses{}, seconds{};
  for (std::size_t kind = 0; kind < kHits; ++kind) {
    for (std::size_t age = 0; age < kAges; ++age) {
      uses[age] += uses_[kind][age];
      seconds[age] += seconds_[kind][age];
    }
  }
  for (std::size_t kind = 0; kind < kClasses; ++kind) {
    const Row hazard = hazards(kind, uses, seconds);
    Row& rate = rate_[kind];
    for (std::size_t age = 0; age + 1 < kAges; ++age) rate[age] = best_rate(hazard, age);
    rate[kAges - 1] = rate[kAges - 2] * kOldFall;
    for (std::size_t age = 1; age < kAges; ++age) {
      if (start_of(age) >= kOld) rate[age] = std::min(rate[age], rate[age - 1] * kOldFall);
    }
    for (double& value : rate) value = std::log(value);
  }
}

double Retention::worth(const BlockFacts& facts) const noexcept {
  const Row& rate = rate_[class_of(facts, kClasses)];
  const double place = std::min(place_of(facts.age), static_cast<double>(kAges - 1));
  const std::size_t age = std::min(static_cast<std::size_t>(place), kAges - 2);
  const double part = place - static_cast<double>(age);
  const double saved = facts.saved <= 0 ? kSavedUnknown : std::max(facts.saved, kSavedMin);
  const double per_byte = saved / static_cast<double>(std::max<std::uint64_t>(facts.bytes, 1));
  return std::exp(rate[age] * (1 - part) + rate[age + 1] * part) * per_byte;
}

}  // namespace refrain::kv
