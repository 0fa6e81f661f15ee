// The decision of verified mode, in four steps.
//   1. A text that is the same but for case, spaces and final punctuation answers.
//   2. policy::weigh compares the question with each neighbour and lets the answers vote.
//   3. The likeliest candidate is looked at once more: what the embedder cannot have seen refuses
//      it, and the next likeliest has its turn. Asked of one candidate instead of ten, as it reads
//      both texts with the embedder's eyes.
//   4. The route's budget says whether it is served, refused, or generated to learn from it.
// A candidate that reaches alone_floor and that no gate refuses is trusted from the first request
// on; one that only the vote and the verifier speak for has to prove itself on this route first.
#include "cache/decision.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "policy/weigh.h"

namespace refrain::cache {
namespace {

constexpr std::size_t kInWords = 3;  // candidates whose gates are put into words

struct Weighty {
  std::vector<policy::Neighbour> neighbours;
  policy::Weighing weighing;
};

policy::Reason unseen() {
  return {"unseen", true, "the embedder cannot tell the texts apart"};
}

// A gate that is off, or that the vote outweighed, has spoken but not refused.
std::vector<policy::Reason> gate_words(const policy::Profile& asked, const Near& near,
                                       const policy::Weighed& weighed,
                                       const policy::Switches& gates) {
  std::vector<policy::Reason> reasons = policy::compare_profiles(asked, near.text->question);
  for (policy::Reason& reason : reasons) {
    if (!reason.refused) continue;
    const std::optional<std::size_t> gate = policy::Switches::index_of(reason.gate);
    if (gate && gates.off(*gate)) {
      reason.refused = false;
      reason.words += " (off)";
    } else if (!weighed.refused) {
      reason.refused = false;
      reason.words += fmt::format(" (outvoted by {:.1f} answers)", weighed.votes.agreeing);
    }
  }
  if (weighed.pair.strict && weighed.refused) {
    reasons.push_back({"order", true, "a script in which only the same order is trusted"});
  }
  return reasons;
}

void add(bool flag, std::string_view gate, std::vector<policy::Reason>& out) {
  if (flag) out.push_back({std::string(gate), true, ""});
}

std::vector<policy::Reason> gate_names(const policy::Weighed& weighed) {
  std::vector<policy::Reason> out;
  if (!weighed.refused) return out;
  const policy::PairEvidence& pair = weighed.pair;
  const std::array<bool, 8> flags = {pair.numbers,   pair.names, pair.polarity, pair.question,
                                     pair.direction, pair.time,  pair.modality, pair.substitution};
  for (std::size_t gate = 0; gate < flags.size(); ++gate) {
    add(flags[gate], policy::Switches::kNames[gate], out);
  }
  add(pair.length, "length", out);
  add(pair.strict, "order", out);
  return out;
}

policy::Reason verifier_word(const trust::Judgement& judged) {
  const policy::Allowance& allowance = judged.allowance;
  std::string words = fmt::format("wrong with {:.4f}, bound {:.4f}, limit {:.4f}", allowance.wrong,
                                  allowance.bound, allowance.limit);
  if (allowance.explore) words += "; would be served, generated to learn from it";
  return {"verifier", !allowance.serve, std::move(words)};
}

class Decider {
 public:
  Decider(trust::Trust& trust, const embed::Embedder& embedder, const Query& query,
          std::span<const Near> near)
      : trust_(trust), embedder_(embedder), query_(query), near_(near) {}

  Verdict run() {
    asked_ = policy::profile(query_.text);
    if (same_text()) return std::move(out_);
    weigh();
    if (const std::optional<std::size_t> best = weighty_.weighing.best) judge(*best);
    explain();
    return std::move(out_);
  }

 private:
  bool overlooked(std::size_t at) const {
    return !embedder_.overlooked(query_.text, near_[at].text->asked).empty();
  }

  bool same_text() {
    for (std::size_t at = 0; at < near_.size(); ++at) {
      const Near& near = near_[at];
      const bool same = near.text->question.reading.normal == asked_.reading.normal &&
                        policy::reaches_floor(query_.rule, near.cosine);
      if (!same || overlooked(at)) continue;
      out_.accepted = at;
      out_.looks.push_back({near.id, near.cosine, true,
                            {policy::floor_reason(query_.rule, near.cosine),
                             {"identical", false,
                              "equal but for case, spaces and final punctuation"}}});
      return true;
    }
    return false;
  }

  void weigh() {
    for (const Near& near : near_) {
      weighty_.neighbours.push_back({static_cast<double>(near.cosine), &near.text->question, false,
                                     !policy::reaches_floor(query_.rule, near.cosine)});
    }
    const policy::Features weights = trust_.routes().weights(query_.route);
    const auto agreement = [&](std::size_t a, std::size_t b) {
      return trust_.texts().agreement(near_[a].id, *near_[a].text, near_[b].id, *near_[b].text);
    };
    // Ends: each round refuses one more neighbour.
    for (;;) {
      weighty_.weighing =
          policy::weigh(asked_, weighty_.neighbours, agreement, weights, trust_.gates());
      const std::optional<std::size_t> best = weighty_.weighing.best;
      if (!best || !overlooked(*best)) return;
      weighty_.neighbours[*best].overlooked = true;
    }
  }

  void judge(std::size_t best) {
    const policy::Weighed& weighed = weighty_.weighing.all[best];
    const bool trusted = near_[best].cosine >= query_.rule.alone_floor &&
                         weighed.pair.passes() && !weighed.pair.strict;
    const auto first = trusted ? policy::First::trusted : policy::First::checked;
    trust::Routes& routes = trust_.routes();
    out_.judgement = query_.traffic == Traffic::real
                         ? routes.judge(query_.route, weighed.evidence, first, query_.explore)
                         : routes.preview(query_.route, weighed.evidence, first);
    if (out_.judgement->allowance.serve) {
      out_.accepted = best;
      return;
    }
    auto lesson = std::make_shared<Lesson>();
    lesson->judged = *out_.judgement;
    lesson->candidate = near_[best].text;
    for (const Near& near : near_) lesson->near.push_back(near.id);
    lesson->asked = asked_;
    out_.lesson = std::move(lesson);
  }

  void explain() {
    const std::optional<std::size_t> best = weighty_.weighing.best;
    for (std::size_t at = 0; at < near_.size(); ++at) {
      const bool is_best = best == at;
      if (!is_best && out_.looks.size() + (best && *best > at ? 1 : 0) >= kLooksMax) continue;
      const Near& near = near_[at];
      const policy::Weighed& weighed = weighty_.weighing.all[at];
      Look look{near.id, near.cosine, out_.accepted == at, {}};
      look.reasons.push_back(policy::floor_reason(query_.rule, near.cosine));
      if (!look.reasons.back().refused) {
        const bool in_words = is_best || at < kInWords;
        std::ranges::move(in_words ? gate_words(asked_, near, weighed, trust_.gates())
                                   : gate_names(weighed),
                          std::back_inserter(look.reasons));
        if (weighty_.neighbours[at].overlooked) look.reasons.push_back(unseen());
        if (is_best) look.reasons.push_back(verifier_word(*out_.judgement));
        if (!is_best && !weighed.refused) {
          look.reasons.push_back({"vote", true, "another candidate is likelier to be right"});
        }
      }
      out_.looks.push_back(std::move(look));
    }
    count();
  }

  // A refusal is counted under what the nearest candidate was refused by.
  void count() {
    if (out_.accepted || out_.looks.empty() || query_.traffic != Traffic::real) return;
    const Look& look = out_.looks.front();
    const auto by = std::ranges::find_if(look.reasons, &policy::Reason::refused);
    if (by != look.reasons.end()) trust_.refused(by->gate);
  }

  trust::Trust& trust_;
  const embed::Embedder& embedder_;
  const Query& query_;
  std::span<const Near> near_;
  policy::Profile asked_;
  Weighty weighty_;
  Verdict out_;
};

}  // namespace

Verdict decide(trust::Trust& trust, const embed::Embedder& embedder, const Query& query,
               std::span<const Near> near) {
  if (near.empty()) return {};
  return Decider(trust, embedder, query, near).run();
}

bool is_fresh(const trust::Text& text, std::optional<std::chrono::seconds> max_age,
              base::WallTime now) noexcept {
  if (text.expires && *text.expires <= now) return false;
  return !max_age || now - text.stored <= *max_age;
}

}  // namespace refrain::cache
