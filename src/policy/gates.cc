// The decision whether a stored answer may answer another question.
//
// A wrong answer costs more than a miss, so a candidate must pass every gate, and each gate looks
// for one way in which two near texts ask different things: numbers, names, polarity, question
// type, direction, length, and what the embedder never saw. Each gate has its own file with
// examples. Every gate is asked even after one has refused: explain shows them all, and they cost
// microseconds. For example
//   "What is the population of Oslo in 2020?", "population of oslo 2020"       passes
//   "What is the population of Oslo in 2020?", "population of oslo 2021"       numbers
//   "How do I enable two-factor login?", "How do I disable two-factor login?"  polarity
#include "policy/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "policy/evidence.h"
namespace refrain::policy {
namespace {

constexpr std::size_t kShownMax = 24;       // bytes of a name in a reason
constexpr std::size_t kDigitsShownMax = 6;  // longer numbers may be of a card or an account

std::string shown(std::string_view text) {
  if (std::ranges::count_if(text, is_digit) > static_cast<std::ptrdiff_t>(kDigitsShownMax)) {
    return "(a long number)";
  }
  return text.size() > kShownMax ? "(a long word)" : std::string(text);
}

std::string shown(const Names::Item& item) {
  switch (item.kind) {
    case Names::Kind::span: return "(a quoted text)";
    case Names::Kind::address: return "(an address)";
    case Names::Kind::name: break;
  }
  return shown(item.word);
}

Reason number_gate(const Profile& a, const Profile& b) {
  if (a.values == b.values) {
    return {"numbers", false, fmt::format("{} equal", a.values.size())};
  }
  using Values = std::vector<std::string>;
  const auto only = [](const Values& mine, const Values& theirs) {
    const auto found = std::ranges::find_if(
        mine, [&](const std::string& value) { return !std::ranges::binary_search(theirs, value); });
    return found == mine.end() ? std::string("nothing") : shown(*found);
  };
  return {"numbers", true,
          fmt::format("{} against {}", only(a.values, b.values), only(b.values, a.values))};
}

Reason name_gate(const Profile& a, const Profile& b) {
  const Names::Item* mine = missing(a.named, b.named, b.reading.normal);
  const Names::Item* theirs = missing(b.named, a.named, a.reading.normal);
  if (mine == nullptr && theirs == nullptr) {
    return {"names", false,
            fmt::format("{} and {} found", a.named.items.size(), b.named.items.size())};
  }
  return {"names", true,
          fmt::format("{} against {}", mine == nullptr ? "nothing" : shown(*mine),
                      theirs == nullptr ? "nothing" : shown(*theirs))};
}

Reason polarity_gate(const Profile& a, const Profile& b) {
  const PolarityDifference difference = compare(a.poles, b.poles);
  std::string words =
      fmt::format("{} negations apart, {} opposites", difference.negations, difference.opposites);
  if (!difference.words.empty()) {
    words += ": " + difference.words;
  }
  return {"polarity", !difference.agree(), std::move(words)};
}

Reason question_gate(const Profile& a, const Profile& b) {
  const bool refused = a.asks != b.asks && a.asks != Asked::open && b.asks != Asked::open;
  return {"question", refused, fmt::format("{} against {}", name(a.asks), name(b.asks))};
}

Reason direction_gate(const Profile& a, const Profile& b) {
  const std::string words = reversed(a.sequence, b.sequence);
  return {"direction", !words.empty(), words.empty() ? "none reversed" : shown(words)};
}

Reason time_gate(const Profile& a, const Profile& b, bool same_words) {
  const std::string_view term = differing(a.when, b.when);
  const bool tenses = same_words && tenses_differ(a.when, b.when);
  std::string words = term.empty() ? (tenses ? "past against present" : "no term apart")
                                   : fmt::format("{} in one only", term);
  return {"time", !term.empty() || tenses, std::move(words)};
}

Reason modality_gate(const Profile& a, const Profile& b, bool same_words) {
  std::string words = compare(a.mood, b.mood, same_words);
  const bool refused = !words.empty();
  return {"modality", refused, refused ? std::move(words) : "no amount or modal apart"};
}

Reason substitution_gate(const Overlap& words, const PolarityDifference& poles) {
  const bool compensated = poles.opposites > 0 && poles.agree();
  return {"substitution", minimal_pair(words) && !compensated,
          fmt::format("substituted {:.1f}, added {:.1f}, equal elsewhere {:.2f}", words.substituted,
                      words.added, words.frame)};
}

Reason length_gate(const Profile& a, const Profile& b) {
  return {"length", lengths_differ(a, b),
          fmt::format("{} against {} bytes", a.reading.normal.size(), b.reading.normal.size())};
}

std::vector<Reason> gates(const Profile& a, const Profile& b) {
  if (a.reading.normal == b.reading.normal) {
    return {{"identical", false, "equal but for case, spaces and final punctuation"}};
  }
  const Overlap words = overlap(a.words, b.words);
  const bool same_words = words.order >= 1;
  return {length_gate(a, b),
          number_gate(a, b),
          name_gate(a, b),
          polarity_gate(a, b),
          question_gate(a, b),
          direction_gate(a, b),
          time_gate(a, b, same_words),
          modality_gate(a, b, same_words),
          substitution_gate(words, compare(a.poles, b.poles))};
}

std::int64_t millionths(float cosine) noexcept {
  return std::isfinite(cosine)
             ? std::llround(static_cast<double>(std::clamp(cosine, -2.0F, 2.0F)) * 1e6)
             : -2'000'000;
}

}  // namespace

bool reaches_floor(const Rule& rule, float cosine) noexcept {
  const std::int64_t have = millionths(cosine);
  const std::int64_t need = millionths(rule.floor);
  return rule.compare == Compare::above ? have > need : have >= need;
}

Reason floor_reason(const Rule& rule, float cosine) {
  return {"floor", !reaches_floor(rule, cosine),
          fmt::format("cosine {:.6f}, {} {:.6f} asked", cosine,
                      rule.compare == Compare::above ? "above" : "at least", rule.floor)};
}

std::vector<Reason> compare_profiles(const Profile& a, const Profile& b) { return gates(a, b); }

std::vector<Reason> compare_texts(std::string_view a, std::string_view b) {
  return gates(profile(a), profile(b));
}

Decision decide(const Rule& rule, std::string_view query, std::span<const Candidate> candidates) {
  Decision out;
  std::optional<Profile> asked_for;
  for (std::size_t at = 0; at < candidates.size(); ++at) {
    const Candidate& candidate = candidates[at];
    Verdict verdict{.id = candidate.id, .accept = false, .reasons = {}};
    if (rule.mode == Mode::off) {
      verdict.reasons.push_back({"mode", true, "semantic answers are off"});
    } else {
      verdict.reasons.push_back(floor_reason(rule, candidate.cosine));
    }
    const bool passed = !verdict.reasons.back().refused;
    if (passed && rule.mode == Mode::verified) {
      if (!asked_for) {
        asked_for = profile(query);
      }
      std::ranges::move(gates(*asked_for, profile(candidate.text)),
                        std::back_inserter(verdict.reasons));
      if (!candidate.overlooked.empty()) {
        verdict.reasons.push_back({"unseen", true,
                                   fmt::format("the embedder cannot tell {} from what the other "
                                               "text has",
                                               shown(candidate.overlooked))});
      }
    }
    verdict.accept = std::ranges::none_of(verdict.reasons, &Reason::refused);
    out.looked_at.push_back(std::move(verdict));
    if (out.looked_at.back().accept) {
      out.accepted = at;
      break;
    }
    if (!passed || rule.mode != Mode::verified) {
      break;  // the others are no nearer
    }
  }
  return out;
}

}  // namespace refrain::policy
