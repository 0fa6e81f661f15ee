// eviction_curves: hit rate by size of the cache, of every eviction policy, on traces that papers
// use, beside what is known of them without measuring. All items have one size here.
//
//   eviction_curves [--mooncake FILE.jsonl] > curves.csv
//
// Lines: trace,row,capacity,hits,asked. A row is a policy's name, "opt" (Belady 1966, MIN: evicts
// what is asked for furthest in the future; no policy can do better), or a formula:
//   che-lru     LRU under independent requests (Che, Tung, Wang, IEEE JSAC 2002, equation 5)
//   king-fifo   FIFO and RANDOM alike under independent requests (Gelenbe 1973; in Che's form by
//               Fricker, Robert, Roberts, ITC 2012, section 5)
//   top-lfu     the most popular items for ever: what LFU tends to under independent requests
//   loop-random RANDOM on a loop of n: h = (1 - 1/c)^(n (1 - h))
// Traces: zipf (exponent 0.8 and 1), scan (zipf with sweeps of items that never come back; asked
// are only the others), loop, shift (zipf whose items change their ranks), mooncake (blocks of
// real prompts, in order).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "json/value.h"
#include "policy/eviction.h"

namespace refrain::policy {
namespace {

constexpr std::size_t kRequests = 600'000;
constexpr std::size_t kItems = 10'000;

struct Trace {
  std::string name{};
  std::vector<std::uint32_t> items{};
  std::vector<bool> counts{};  // whether a request counts; empty: all do
  std::size_t warm = 0;        // requests before the first that counts
  std::vector<std::size_t> capacities{};
  bool counted(std::size_t at) const { return at >= warm && (counts.empty() || counts[at]); }
};

struct Score {
  std::uint64_t hits = 0, asked = 0;
};

void print(const Trace& trace, std::string_view row, std::size_t capacity, double hits,
           std::uint64_t asked) {
  std::fputs(fmt::format("{},{},{},{:.0f},{}\n", trace.name, row, capacity, hits, asked).c_str(),
             stdout);
}

Score play(const Trace& trace, std::string_view policy, std::size_t capacity) {
  auto eviction = *make_eviction(policy, {.bytes_max = capacity});
  constexpr Slot kOut = std::numeric_limits<Slot>::max();
  std::vector<Slot> slot_of(*std::ranges::max_element(trace.items) + std::size_t{1}, kOut);
  std::vector<std::uint32_t> item_of(capacity + 1);
  std::vector<Slot> free, gone;
  for (Slot slot = 0; slot <= capacity; ++slot) free.push_back(slot);
  Score score;
  for (std::size_t at = 0; at < trace.items.size(); ++at) {
    const std::uint32_t item = trace.items[at];
    const bool hit = slot_of[item] != kOut;
    if (trace.counted(at)) {
      ++score.asked;
      score.hits += hit ? 1U : 0U;
    }
    if (hit) {
      eviction->used(slot_of[item]);
      continue;
    }
    const Slot slot = free.back();
    free.pop_back();
    slot_of[item] = slot;
    item_of[slot] = item;
    gone.clear();
    eviction->admit({slot, item * 0x9e3779b97f4a7c15U, 1}, gone);
    for (Slot victim : gone) {
      slot_of[item_of[victim]] = kOut;
      free.push_back(victim);
    }
  }
  return score;
}

Score play_optimal(const Trace& trace, std::size_t capacity) {
  const std::size_t length = trace.items.size();
  std::vector<std::size_t> next(length);
  std::unordered_map<std::uint32_t, std::size_t> later;
  for (std::size_t at = length; at-- > 0;) {
    const auto known = later.find(trace.items[at]);
    next[at] = known == later.end() ? length + at : known->second;  // never again: all different
    later[trace.items[at]] = at;
  }
  std::set<std::size_t> uses;  // next use of each item inside
  Score score;
  for (std::size_t at = 0; at < length; ++at) {
    const bool hit = uses.erase(at) > 0;
    if (trace.counted(at)) {
      ++score.asked;
      score.hits += hit ? 1U : 0U;
    }
    uses.insert(next[at]);
    if (uses.size() > capacity) uses.erase(std::prev(uses.end()));
  }
  return score;
}

std::vector<double> zipf_shares(double exponent) {
  std::vector<double> shares;
  double sum = 0;
  for (std::size_t rank = 1; rank <= kItems; ++rank) {
    shares.push_back(1 / std::pow(static_cast<double>(rank), exponent));
    sum += shares.back();
  }
  for (double& share : shares) share /= sum;
  return shares;
}

std::vector<std::size_t> capacities() { return {10, 20, 50, 100, 200, 500, 1000, 2000, 5000}; }

Trace zipf(double exponent) {
  const std::vector<double> shares = zipf_shares(exponent);
  std::mt19937_64 dice(1);
  std::discrete_distribution<std::uint32_t> draw(shares.begin(), shares.end());
  Trace trace{.name = fmt::format("zipf-{:.1f}", exponent),
              .warm = kRequests / 3,
              .capacities = capacities()};
  for (std::size_t i = 0; i < kRequests; ++i) trace.items.push_back(draw(dice));
  return trace;
}

Trace scan() {
  constexpr std::size_t kSweep = 5'000, kBetween = 20'000;
  const std::vector<double> shares = zipf_shares(0.8);
  std::mt19937_64 dice(2);
  std::discrete_distribution<std::uint32_t> draw(shares.begin(), shares.end());
  Trace trace{.name = "scan", .warm = kRequests / 3, .capacities = capacities()};
  std::uint32_t stranger = kItems;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const bool sweep = i % kBetween < kSweep;
    trace.items.push_back(sweep ? stranger++ : draw(dice));
    trace.counts.push_back(!sweep);
  }
  return trace;
}

constexpr std::size_t kLoop = 1'000;
Trace loop() {
  Trace trace{.name = "loop",
              .warm = 40 * kLoop,
              .capacities = {50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950, 1000}};
  for (std::size_t i = 0; i < 100 * kLoop; ++i) {
    trace.items.push_back(static_cast<std::uint32_t>(i % kLoop));
  }
  return trace;
}

Trace shift() {
  constexpr std::size_t kPhase = 60'000;
  const std::vector<double> shares = zipf_shares(0.8);
  std::mt19937_64 dice(3);
  std::discrete_distribution<std::uint32_t> draw(shares.begin(), shares.end());
  std::vector<std::uint32_t> names(kItems);
  for (std::uint32_t i = 0; i < kItems; ++i) names[i] = i;
  Trace trace{.name = "shift", .warm = kRequests / 3, .capacities = capacities()};
  for (std::size_t i = 0; i < kRequests; ++i) {
    if (i % kPhase == 0) std::shuffle(names.begin(), names.end(), dice);
    trace.items.push_back(names[draw(dice)]);
  }
  return trace;
}

Trace mooncake(const std::string& file) {
  std::ifstream in(file);
  Trace trace{.name = "mooncake", .capacities = {500, 1000, 2000, 5000, 10000, 20000, 50000}};
  for (std::string line; std::getline(in, line);) {
    auto row = json::parse(line);
    const json::Value* ids = row ? row->find("hash_ids") : nullptr;
    if (!ids || !ids->array()) continue;
    for (const json::Value& id : *ids->array()) {
      trace.items.push_back(static_cast<std::uint32_t>(id.as_int().value_or(0)));
    }
  }
  return trace;
}

// Solves sum(inside(share, t)) = capacity for t, which rises with t, and returns the hit rate.
template <class Inside>
double characteristic_time(const std::vector<double>& shares, std::size_t capacity, Inside inside) {
  double low = 0, high = 1e12;
  for (int step = 0; step < 200; ++step) {
    const double middle = (low + high) / 2;
    double sum = 0;
    for (double share : shares) sum += inside(share, middle);
    (sum < static_cast<double>(capacity) ? low : high) = middle;
  }
  double rate = 0;
  for (double share : shares) rate += share * inside(share, low);
  return rate;
}

double loop_random(std::size_t capacity) {
  const double stays = 1 - 1 / static_cast<double>(capacity);
  double rate = 0;  // from below: 1 is a solution too, and not the one that is reached
  for (int step = 0; step < 100'000; ++step) {
    rate = std::pow(stays, static_cast<double>(kLoop) * (1 - rate));
  }
  return rate;
}

void print_formulas(const Trace& trace, double exponent) {
  const std::vector<double> shares = zipf_shares(exponent);
  const std::size_t asked = trace.items.size() - trace.warm;
  for (std::size_t capacity : trace.capacities) {
    const double lru = characteristic_time(
        shares, capacity, [](double share, double t) { return 1 - std::exp(-share * t); });
    const double fifo = characteristic_time(
        shares, capacity, [](double share, double t) { return share * t / (1 + share * t); });
    double top = 0;
    for (std::size_t i = 0; i < capacity; ++i) top += shares[i];
    print(trace, "che-lru", capacity, lru * static_cast<double>(asked), asked);
    print(trace, "king-fifo", capacity, fifo * static_cast<double>(asked), asked);
    print(trace, "top-lfu", capacity, top * static_cast<double>(asked), asked);
  }
}

void run(const Trace& trace) {
  for (std::size_t capacity : trace.capacities) {
    for (std::string_view policy : eviction_names()) {
      const Score score = play(trace, policy, capacity);
      print(trace, policy, capacity, static_cast<double>(score.hits), score.asked);
    }
    const Score best = play_optimal(trace, capacity);
    print(trace, "opt", capacity, static_cast<double>(best.hits), best.asked);
  }
}

int run_all(int count, char** words) {
  std::fputs("trace,row,capacity,hits,asked\n", stdout);
  for (double exponent : {0.8, 1.0}) {
    const Trace trace = zipf(exponent);
    run(trace);
    print_formulas(trace, exponent);
  }
  run(scan());
  const Trace circle = loop();
  run(circle);
  for (std::size_t capacity : circle.capacities) {
    const std::size_t asked = circle.items.size() - circle.warm;
    print(circle, "loop-random", capacity, loop_random(capacity) * static_cast<double>(asked),
          asked);
  }
  run(shift());
  if (count == 3 && std::string_view(words[1]) == "--mooncake") {
    const Trace trace = mooncake(words[2]);
    if (trace.items.empty()) {
      std::fputs(fmt::format("eviction_curves: {} has no hash_ids\n", words[2]).c_str(), stderr);
      return 1;
    }
    run(trace);
  }
  return 0;
}

}  // namespace
}  // namespace refrain::policy

int main(int count, char** words) { return refrain::policy::run_all(count, words); }
