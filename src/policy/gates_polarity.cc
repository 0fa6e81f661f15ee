// Polarity: whether two texts say yes or no to the same thing.
//
// An embedder hardly sees a "not"; and a gate that looks for "not" alone kills "why is it unsafe"
// for "why is it not safe". So negations are counted and opposites are looked for (an own list of
// antonyms, and un-, in-, im-, ir-, il-, dis-, non- before a word of the other text), and the two
// are weighed against each other: no opposite and equal counts agree, one opposite and one
// negation agree, everything else does not. A text that has both words of a pair ("before or
// after") says nothing about it. "turn ... off" becomes disable, "turn ... on" enable, or "on"
// would be seen in every text. Not counted: not only, or not, no matter, Chinese A-not-A
// questions. Spanish and French double their negations; the second one is not counted.
#include "policy/gates_polarity.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace refrain::policy {
namespace {

constexpr std::size_t kWordsMax = 60000;  // later ones count as one word

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, std::string_view word) noexcept {
  return std::ranges::any_of(list, [word](std::string_view known) { return same(known, word); });
}

bool is_negation(std::string_view word) noexcept {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"not",     "no",      "never",   "without",    "cannot",  "neither", "nor",     "none",
       "nobody",  "nothing", "nowhere", "noone",      "hardly",  "barely",  "dont",    "doesnt",
       "cant",    "wont",    "isnt",    "arent",      "didnt",   "wasnt",   "couldnt", "shouldnt",
       "wouldnt", "havent",  "hasnt",   "aint",       "nicht",   "kein",    "keine",   "keinen",
       "keiner",  "keinem",  "keines",  "nie",        "niemals", "ohne",    "weder",   "nichts",
       "niemand", "sin",     "nunca",   "jam\u00e1s", "ni",      "pas",     "jamais",  "sans",
       "aucun",   "aucune"});
  return word.ends_with("n't") || is_one_of(kWords, word);
}

/// Words that repeat a Spanish "no".
bool is_doubled(std::string_view word) noexcept {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"nunca", "jam\u00e1s", "nadie", "nada", "ning\u00fan", "ninguno", "ninguna", "ni"});
  return is_one_of(kWords, word);
}

/// Negations without a not: unable to, failed to, refused to.
bool is_refusal(std::string_view word, std::string_view next) noexcept {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"fail", "fails", "failed", "refuse", "refuses", "refused", "decline", "declined"});
  return word == "unable" || (next == "to" && is_one_of(kWords, word));
}

std::size_t count_words(const std::vector<Word>& words) {
  std::size_t count = 0;
  bool spanish = false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string_view word = words[at].text;
    const std::string_view next = at + 1 < words.size() ? words[at + 1].text : std::string_view();
    const std::string_view last = at > 0 ? words[at - 1].text : std::string_view();
    const bool idle = (word == "not" && (next == "only" || last == "or")) ||
                      (word == "no" && (next == "matter" || next == "doubt")) ||
                      (spanish && is_doubled(word));
    spanish = spanish || word == "no";
    if (idle) {
      continue;
    }
    count += is_negation(word) || is_refusal(word, next) ? 1U : 0U;
  }
  return count;
}

/// Chinese: bu, mei, wu, fei, bie, wei, wu, but not in A-not-A and some words.
std::size_t count_characters(const std::vector<Word>& words) {
  static constexpr auto kNegations = std::to_array<std::string_view>(
      {"\u4e0d", "\u6ca1", "\u6c92", "\u65e0", "\u7121", "\u522b", "\u672a", "\u52ff"});
  static constexpr auto kAfter = std::to_array<std::string_view>(
      // butong, buguo, wulun, bieren, weilai
      {"\u540c", "\u8fc7", "\u904e", "\u8bba", "\u8ad6", "\u4eba", "\u6765"});
  static constexpr auto kBefore = std::to_array<std::string_view>({"\u7279", "\u5206", "\u533a"});
  std::size_t count = 0;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (!is_one_of(kNegations, words[at].text)) {
      continue;
    }
    const std::string_view next = at + 1 < words.size() ? words[at + 1].text : std::string_view();
    const std::string_view last = at > 0 ? words[at - 1].text : std::string_view();
    const bool either = !next.empty() && next == last;
    count += !either && !is_one_of(kAfter, next) && !is_one_of(kBefore, last) ? 1U : 0U;
  }
  return count;
}

/// turn it off -> disable; returns the word that stands for words[at], or the word itself.
std::string_view switched(const std::vector<Word>& words, std::size_t at, std::size_t& open) {
  static constexpr auto kSwitches = std::to_array<std::string_view>(
      {"turn", "turning", "turned", "switch", "switching", "switched", "shut", "power", "toggle"});
  const std::string_view word = words[at].text;
  if (is_one_of(kSwitches, word)) {
    open = at + 1;  // 0: none
    return word;
  }
  const bool near = open > 0 && at < open + 4;
  if (near && (word == "off" || word == "on")) {
    open = 0;
    return word == "off" ? "disable" : "enable";
  }
  return word;
}

bool is_opposite(std::string_view longer, std::string_view plain) noexcept {
  if (longer.size() < plain.size() + 2 || longer.size() > plain.size() + 4 ||
      longer.back() != plain.back() || !longer.ends_with(plain)) {
    return false;  // nearly all pairs of words end here
  }
  for (const std::string_view prefix : {"un", "in", "im", "ir", "il", "dis", "non", "non-"}) {
    if (longer.size() == plain.size() + prefix.size() && longer.starts_with(prefix)) {
      return true;
    }
  }
  return false;
}

/// Words of `a` that are the opposite, by a prefix, of a word of `b`, where neither text has both.
std::size_t prefixed(const Polarity& a, const Polarity& b, std::string& words) {
  std::size_t count = 0;
  for (const std::string& mine : a.stems) {
    for (const std::string& theirs : b.stems) {
      if (theirs.size() > 2 && is_opposite(mine, theirs) &&
          !std::ranges::binary_search(a.stems, theirs) &&
          !std::ranges::binary_search(b.stems, mine)) {
        words = mine + " against " + theirs;
        ++count;
      }
    }
  }
  return count;
}

const Polarity::Said* find(const Polarity& text, Pole pole) {
  const auto found = std::ranges::lower_bound(text.poles, pole, {}, &Polarity::Said::pole);
  return found != text.poles.end() && found->pole == pole ? &*found : nullptr;
}

std::size_t distinct(std::vector<std::uint16_t>& words) {
  std::ranges::sort(words);
  return static_cast<std::size_t>(std::unique(words.begin(), words.end()) - words.begin());
}

}  // namespace

Polarity polarity(const Reading& reading) {
  Polarity out;
  out.negations = count_words(reading.words) + count_characters(reading.words);
  std::size_t open = 0;
  for (std::size_t at = 0; at < reading.words.size(); ++at) {
    std::string form = stem(switched(reading.words, at, open));
    for (const Pole pole : poles_of(form)) {
      out.poles.push_back({pole, static_cast<std::uint16_t>(std::min<std::size_t>(at, kWordsMax))});
    }
    out.stems.push_back(std::move(form));
  }
  if (std::ranges::any_of(reading.normal,
                          [](char c) { return static_cast<unsigned char>(c) > 0xE2; })) {
    std::vector<Pole> within;
    add_poles_within(reading.normal, within);
    for (const Pole pole : within) {
      out.poles.push_back({pole, static_cast<std::uint16_t>(kWordsMax + pole.pair)});
    }
  }
  std::ranges::sort(out.poles);
  std::ranges::sort(out.stems);
  out.stems.erase(std::unique(out.stems.begin(), out.stems.end()), out.stems.end());
  return out;
}

PolarityDifference compare(const Polarity& a, const Polarity& b) {
  PolarityDifference out;
  out.negations = std::max(a.negations, b.negations) - std::min(a.negations, b.negations);
  // One word may be an end of several pairs, all of which the other word opposes: that is one
  // opposite, so words are counted and not pairs.
  std::vector<std::uint16_t> mine;
  std::vector<std::uint16_t> theirs;
  for (const Polarity::Said& said : a.poles) {
    const Pole other{said.pole.pair, !said.pole.left};
    const Polarity::Said* against = find(b, other);
    if (against == nullptr || find(a, other) != nullptr || find(b, said.pole) != nullptr) {
      continue;
    }
    mine.push_back(said.word);
    theirs.push_back(against->word);
    out.words = fmt::format("{} against {}", pole_name(said.pole), pole_name(other));
  }
  out.opposites = std::min(distinct(mine), distinct(theirs));
  const std::size_t by_prefix = prefixed(a, b, out.words) + prefixed(b, a, out.words);
  // A pair like legal and illegal is in the list and has a prefix: one opposite, not two.
  out.opposites = std::max(out.opposites, by_prefix);
  return out;
}

}  // namespace refrain::policy
