#include "quality/pair_protocol.h"

#include <random>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "policy/weigh.h"
#include "quality/entries.h"

namespace refrain::quality {
namespace {

/// Numbers of the texts that label 1 joins.
class Classes {
 public:
  std::size_t of(std::string_view text) {
    const auto [found, added] = at_.try_emplace(text, parent_.size());
    if (added) parent_.push_back(found->second);
    std::size_t at = found->second;
    while (parent_[at] != at) at = parent_[at] = parent_[parent_[at]];
    return at;
  }
  void join(std::string_view a, std::string_view b) {
    const std::size_t one = of(a);
    parent_[one] = of(b);
  }

 private:
  std::unordered_map<std::string_view, std::size_t> at_;
  std::vector<std::size_t> parent_;
};

}  // namespace

std::vector<PairStep> ask_pairs(const PairSet& set, const Vectors& vectors, const Judge& judge,
                                std::uint64_t seed,
                                const std::function<bool(std::size_t)>& stored) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  Classes classes;
  Entries entries(vectors.dim());
  std::unordered_map<std::string_view, std::size_t> profile_of;
  std::vector<policy::Profile> profiles;
  std::vector<std::string_view> texts;
  for (const Pair& pair : set.pairs) {
    if (pair.same) classes.join(pair.a, pair.b);
    if (stored && !stored(static_cast<std::size_t>(&pair - set.pairs.data()))) continue;
    if (profile_of.try_emplace(pair.a, profiles.size()).second) {
      entries.add(vectors.of(pair.a), profiles.size());
      profiles.push_back(policy::profile(pair.a));
      texts.push_back(pair.a);
    }
  }
  std::vector<PairStep> steps;
  for (std::size_t at = 0; at < set.pairs.size(); ++at) {
    const Pair& pair = set.pairs[at];
    const policy::Profile asked = policy::profile(pair.b);
    const std::vector<Near> near = entries.nearest(vectors.of(pair.b));
    std::vector<policy::Neighbour> neighbours;
    for (const Near& one : near) {
      neighbours.push_back({one.cosine, &profiles[entries.whose(one.entry)], false});
    }
    std::vector<double> agreement(near.size() * near.size(), 0.0);
    for (std::size_t i = 0; i < near.size(); ++i) agreement[i * near.size() + i] = 1;
    const policy::Features& weights =
        judge.budget != nullptr ? judge.budget->state().belief.mean : judge.weights;
    const policy::Weighing weighing = policy::weigh(asked, neighbours, agreement, weights);
    PairStep step;
    step.pair = at;
    const std::size_t query_class = classes.of(pair.b);
    const auto right = [&](std::size_t entry) {
      const std::string_view text = texts[entries.whose(entry)];
      return text == pair.b || classes.of(text) == query_class;
    };
    step.cosine = near.front().cosine;
    step.nearest_right = right(near.front().entry);
    const auto gated = std::ranges::find_if(
        weighing.all, [](const policy::Weighed& one) { return one.pair.passes(); });
    if (gated != weighing.all.end()) {
      const Near& one = near[static_cast<std::size_t>(gated - weighing.all.begin())];
      step.gated_cosine = one.cosine;
      step.gated_right = right(one.entry);
    }
    if (weighing.best) {
      const std::size_t entry = near[*weighing.best].entry;
      step.candidate = true;
      step.evidence = weighing.all[*weighing.best].evidence;
      step.odds = weighing.all[*weighing.best].odds;
      step.right = right(entry);
      step.own = texts[entries.whose(entry)] == pair.a;
      if (judge.budget != nullptr) {
        step.allowance = judge.budget->judge(step.evidence, uniform(random));
        step.served = step.allowance.serve;
      }
    }
    steps.push_back(step);
  }
  return steps;
}

PairSet with_one_word_exchanged(const PairSet& set, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  PairSet out{set.name + ", one word exchanged", {}};
  const auto telling = [](const policy::Word& word) {
    return word.text.size() > 3 && !policy::is_function_word(word.text);
  };
  for (const Pair& pair : set.pairs) {
    const policy::Reading mine = policy::read(pair.a);
    const policy::Reading theirs = policy::read(set.pairs[random() % set.pairs.size()].a);
    std::vector<std::string> words, others;
    for (const policy::Word& word : mine.words) {
      if (telling(word)) words.push_back(word.text);
    }
    for (const policy::Word& word : theirs.words) {
      if (telling(word) && !mine.normal.contains(word.text)) others.push_back(word.text);
    }
    if (words.empty() || others.empty()) continue;
    const std::string& from = words[random() % words.size()];
    const std::string& to = others[random() % others.size()];
    std::string changed = mine.normal;
    changed.replace(changed.find(from), from.size(), to);
    out.pairs.push_back({pair.a, std::move(changed), false, "exchanged", pair.group});
  }
  return out;
}

PairSet part_of(const PairSet& set, const std::function<bool(std::size_t)>& keep) {
  PairSet out{set.name, {}};
  for (const Pair& pair : set.pairs) {
    if (keep(pair.group)) out.pairs.push_back(pair);
  }
  return out;
}

}  // namespace refrain::quality
