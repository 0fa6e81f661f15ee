#include "quality/streams.h"

#include <algorithm>
#include <array>
#include <random>
#include <unordered_map>
#include <utility>

#include "policy/agreement.h"
#include "policy/weigh.h"
#include "quality/entries.h"

namespace refrain::quality {
Stream shuffled(Stream stream, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::ranges::shuffle(stream.requests, random);
  return stream;
}

namespace {

/// The requests stored so far, and what a look-up among them finds.
class Cache {
 public:
  Cache(const Stream& stream, const Vectors& vectors, const Agree& agree)
      : stream_(stream), agree_(agree), vectors_(vectors), entries_(vectors.dim()) {
    for (const Stream::Request& request : stream.requests) {
      profiles_.push_back(policy::profile(request.text));
    }
  }
  void store(std::size_t request) {
    entries_.add(vectors_.of(stream_.requests[request].text), request);
  }
  struct Found {
    Step step;
    std::size_t candidate = 0;  // the request whose answer it would be
  };
  Found find(std::size_t now, const policy::Features& weights) const {
    const Stream::Request& request = stream_.requests[now];
    const std::vector<Near> near = entries_.nearest(vectors_.of(request.text));
    const auto right = [&](const Near& one) {
      return stream_.requests[entries_.whose(one.entry)].group == request.group;
    };
    Found out;
    Step& step = out.step;
    if (near.empty()) return out;
    step.cosine = near.front().cosine;
    step.nearest_right = right(near.front());
    const policy::Weighing weighing = weigh(now, near, weights);
    const auto gated = std::ranges::find_if(
        weighing.all, [](const policy::Weighed& one) { return one.pair.passes(); });
    if (gated != weighing.all.end()) {
      const Near& one = near[static_cast<std::size_t>(gated - weighing.all.begin())];
      step.gated_cosine = one.cosine;
      step.gated_right = right(one);
    }
    if (weighing.best) {
      step.candidate = true;
      step.odds = weighing.all[*weighing.best].odds;
      step.evidence = weighing.all[*weighing.best].evidence;
      step.right = right(near[*weighing.best]);
      out.candidate = entries_.whose(near[*weighing.best].entry);
    }
    return out;
  }

 private:
  policy::Weighing weigh(std::size_t now, const std::vector<Near>& near,
                         const policy::Features& weights) const {
    std::vector<policy::Neighbour> neighbours;
    std::vector<double> agreement;
    for (const Near& one : near) {
      const std::size_t mine = entries_.whose(one.entry);
      neighbours.push_back({one.cosine, &profiles_[mine], false});
      for (const Near& other : near) {
        const std::size_t theirs = entries_.whose(other.entry);
        agreement.push_back(mine == theirs ? 1
                                           : agree_(stream_.requests[mine].answer,
                                                    stream_.requests[theirs].answer));
      }
    }
    return policy::weigh(profiles_[now], neighbours, agreement, weights);
  }

  const Stream& stream_;
  const Agree& agree_;
  const Vectors& vectors_;
  Entries entries_;
  std::vector<policy::Profile> profiles_;
};

}  // namespace

std::vector<Step> play(const Stream& stream, const Vectors& vectors, const Agree& agree,
                       const Judge& judge, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  Cache cache(stream, vectors, agree);
  std::vector<Step> steps;
  for (std::size_t now = 0; now < stream.requests.size(); ++now) {
    const policy::Features& weights =
        judge.budget != nullptr ? judge.budget->state().belief.mean : judge.weights;
    auto [step, candidate] = cache.find(now, weights);
    const double draw = uniform(random);
    if (judge.budget != nullptr && step.candidate) {
      step.allowance = judge.budget->judge(step.evidence, draw);
      step.served = step.allowance.serve;
      // The fresh answer says whether the candidate's would have been right, as far as the judge of
      // agreement can tell.
      const double same =
          step.served ? -1 : agree(stream.requests[candidate].answer, stream.requests[now].answer);
      if (same >= policy::kAgrees || (same >= 0 && same <= policy::kDiffers)) {
        judge.budget->learn(step.evidence, same >= policy::kAgrees,
                            step.allowance.explore ? std::optional(step.allowance) : std::nullopt);
      }
    } else if (judge.budget == nullptr && step.gated_cosine >= judge.gated_floor) {
      step.served = true;
      step.right = step.gated_right;
    } else if (judge.budget == nullptr && now > 0 && step.cosine >= judge.threshold) {
      step.served = true;
      step.right = step.nearest_right;
    }
    if (!step.served) cache.store(now);
    steps.push_back(step);
  }
  return steps;
}

}  // namespace refrain::quality
