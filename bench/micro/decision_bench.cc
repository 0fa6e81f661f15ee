// What one decision of verified mode takes when its ten neighbours were read and compared before,
// and when they were not; and what an entry takes in memory. The questions are made of a few words
// each, the answers of two sentences: about 60 and 150 characters.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "cache/decision.h"

namespace {

using namespace refrain;

constexpr std::size_t kRounds = 3000, kEntries = 400;

class NoEmbedder final : public embed::Embedder {
 public:
  base::Result<embed::Matrix> embed(const base::Call&, std::span<const std::string_view>) override {
    return base::fail(base::Code::unsupported, "not asked for");
  }
  embed::Info info() const override { return {"none", "1", 2, 0}; }
  embed::Stats stats() const override { return {}; }
};

constexpr const char* kVerbs[] = {"reset", "change", "find", "close", "open", "move", "renew"};
constexpr const char* kThings[] = {"password", "card", "account", "limit", "address", "invoice",
                                   "contract", "transfer"};
constexpr const char* kWhere[] = {"in the app", "on the website", "without a phone", "from abroad",
                                  "for my company", "before the end of May"};

template <class Words>
const char* any(const Words& words, std::mt19937_64& dice) {
  return words[dice() % std::size(words)];
}

std::string question(std::mt19937_64& dice) {
  return fmt::format("How can I {} the {} of my savings {}?", any(kVerbs, dice), any(kThings, dice),
                     any(kWhere, dice));
}

std::string answer(std::mt19937_64& dice) {
  return fmt::format(
      "Open the settings, choose {} and then {}. It takes about {} minutes, and you get a mail "
      "when the {} is done {}.",
      any(kThings, dice), any(kVerbs, dice), 1 + dice() % 9, any(kThings, dice), any(kWhere, dice));
}

void print(const char* what, std::vector<double>& took) {
  std::ranges::sort(took);
  fmt::print("{:34} p50 {:7.1f}  p90 {:7.1f}  p99 {:7.1f} microseconds\n", what,
             took[took.size() / 2], took[took.size() * 9 / 10], took[took.size() * 99 / 100]);
}

double microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

int main() {
  std::mt19937_64 dice(7);
  base::SystemClock clock;
  NoEmbedder embedder;
  const std::unique_ptr<trust::Trust> trust = trust::Trust::open({}, clock);
  std::vector<trust::Texts::Known> entries;
  std::vector<double> reading, known, fresh;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::string asked = question(dice);
    const std::string told = answer(dice);
    const auto start = std::chrono::steady_clock::now();
    entries.push_back(trust::read_text(asked, told));
    reading.push_back(microseconds_since(start));
    bytes += trust::footprint(*entries.back());
  }
  cache::Query query;
  query.rule.floor = policy::kWeighedFloor;
  query.route = {"openai.chat", "t", "m"};
  for (std::size_t round = 0; round < kRounds; ++round) {
    const std::size_t region = dice() % (kEntries / policy::kNeighboursMax);
    std::vector<cache::Near> near;
    for (std::size_t i = 0; i < policy::kNeighboursMax; ++i) {
      const std::size_t at = region * policy::kNeighboursMax + i;
      near.push_back({at + 1, 0.92F - 0.015F * static_cast<float>(i), 0, entries[at]});
    }
    query.text = question(dice);
    const auto start = std::chrono::steady_clock::now();
    cache::decide(*trust, embedder, query, near);
    known.push_back(microseconds_since(start));
    // Ids that nobody compared before.
    for (cache::Near& one : near) one.id += kEntries * (round + 1);
    const auto again = std::chrono::steady_clock::now();
    cache::decide(*trust, embedder, query, near);
    fresh.push_back(microseconds_since(again));
  }
  print("one decision, ten known neighbours", known);
  print("their answers never compared before", fresh);
  print("reading one question and answer", reading);
  fmt::print("an entry that was read: {} bytes\n", bytes / kEntries);
}
