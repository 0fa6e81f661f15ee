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
#include <string_view>

namespace refrain::policy {
namespace {

struct Pair {
  std::string_view left, right;  // words between spaces
};
// At most 64.
constexpr Pair kPairs[] = {
    {"enable activate unmute unblock", "disable deactivate mute block"},
    {"increase raise grow maximize gain", "decrease reduce lower lose minimize shrink loss"},
    {"before", "after"},
    {"allow permit legal", "deny forbid prohibit ban illegal"},
    {"minimum min minimal least", "maximum max maximal most"},
    {"start begin launch", "stop end quit finish"},
    {"buy purchase", "sell"},
    {"open", "close shut closed"},
    {"add insert include", "remove delete exclude subtract"},
    {"install", "uninstall"},
    {"lock", "unlock"},
    {"subscribe", "unsubscribe cancel"},
    {"upload", "download"},
    {"import", "export"},
    {"encrypt encode", "decrypt decode"},
    {"push", "pull"},
    {"up upward", "down downward"},
    {"more", "less fewer"},
    {"best better good advantage pro benefit", "worst worse bad disadvantage con drawback"},
    {"high higher highest tall", "low lower lowest short"},
    {"large larger largest big bigger biggest great", "small smaller smallest little tiny"},
    {"long longer longest", "short shorter shortest brief"},
    {"fast faster fastest quick", "slow slower slowest"},
    {"hot warm heat hotter", "cold cool chill colder"},
    {"early earlier earliest", "late later latest"},
    {"old older oldest", "young younger youngest new newer newest"},
    {"cheap cheaper cheapest", "expensive costly"},
    {"easy simple", "hard difficult complex"},
    {"safe", "dangerous harmful"},
    {"rich", "poor"},
    {"strong", "weak"},
    {"left", "right"},
    {"inside indoor", "outside outdoor"},
    {"above", "below"},
    {"first", "last"},
    {"win", "lose"},
    {"love like", "hate"},
    {"accept approve", "reject refuse decline"},
    {"positive", "negative"},
    {"true", "false"},
    {"public", "private"},
    {"male man men", "female woman women"},
    {"ascending", "descending"},
    {"income revenue", "expense"},
    {"borrow", "lend"},
    {"arrive arrival", "depart departure"},
    {"always", "never"},
    {"join connect attach", "leave disconnect detach"},
    {"fill", "empty"},
    {"show display", "hide"},
    {"send", "receive"},
    {"vor antes activar abrir comprar", "nach despu\u00e9s despues desactivar cerrar vender"},
    {"erh\u00f6hen kaufen \u00f6ffnen aumentar",
     "senken verkaufen schlie\u00dfen reducir disminuir"},
    {"gr\u00f6\u00dfte maximal m\u00e1ximo mayor", "kleinste minimal m\u00ednimo menor"},
    {"\u589e\u52a0 \u6253\u5f00 \u4e70", "\u51cf\u5c11 \u5173\u95ed \u5356"},
    {"\u5141\u8bb8 \u5f00\u59cb \u4e4b\u524d", "\u7981\u6b62 \u505c\u6b62 \u4e4b\u540e"},
    {"\u6700\u5927 \u6700\u9ad8", "\u6700\u5c0f \u6700\u4f4e"}};
static_assert(std::size(kPairs) <= 64);

struct Side {
  std::string stem;
  std::uint64_t bit = 0;
  bool left = false;
  bool operator<(const Side& other) const { return stem < other.stem; }
};
struct Antonyms {
  std::vector<Side> words;       // by stem
  std::vector<Side> characters;  // Chinese: looked for in the text itself
};

void add_side(std::string_view list, std::uint64_t bit, bool left, Antonyms& out) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    const std::string_view word = list.substr(0, end);
    const bool wide = static_cast<unsigned char>(word.front()) >= 0xE3;
    auto& sides = wide ? out.characters : out.words;
    sides.push_back({wide ? std::string(word) : stem(word), bit, left});
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

const Antonyms& antonyms() {
  static const Antonyms kAntonyms = [] {
    Antonyms made;
    for (std::size_t at = 0; at < std::size(kPairs); ++at) {
      add_side(kPairs[at].left, 1ULL << at, true, made);
      add_side(kPairs[at].right, 1ULL << at, false, made);
    }
    std::ranges::sort(made.words, {}, &Side::stem);
    return made;
  }();
  return kAntonyms;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, std::string_view word) noexcept {
  return std::ranges::any_of(list, [word](std::string_view known) { return same(known, word); });
}

bool is_negation(std::string_view word) noexcept {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"not",     "no",      "never",   "without", "cannot",  "neither", "nor",      "none",
       "nobody",  "nothing", "nowhere", "hardly",  "barely",  "dont",    "doesnt",   "cant",
       "wont",    "isnt",    "arent",   "didnt",   "wasnt",   "couldnt", "shouldnt", "wouldnt",
       "havent",  "hasnt",   "aint",    "nicht",   "kein",    "keine",   "keinen",   "keiner",
       "keinem",  "keines",  "nie",     "niemals", "ohne",    "weder",   "nichts",   "niemand",
       "sin",     "nunca",   "jam\u00e1s", "ni",   "pas",     "jamais",  "sans",     "aucun",
       "aucune"});
  return word.ends_with("n't") || is_one_of(kWords, word);
}

/// Words that repeat a Spanish "no".
bool is_doubled(std::string_view word) noexcept {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"nunca", "jam\u00e1s", "nadie", "nada", "ning\u00fan", "ninguno", "ninguna", "ni"});
  return is_one_of(kWords, word);
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
    count += is_negation(word) ? 1U : 0U;
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
    if (longer.size() == plain.size() + prefix.size() &&
        longer.starts_with(prefix)) {
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

}  // namespace

Polarity polarity(const Reading& reading) {
  const Antonyms& known = antonyms();
  Polarity out;
  out.negations = count_words(reading.words) + count_characters(reading.words);
  std::size_t open = 0;
  for (std::size_t at = 0; at < reading.words.size(); ++at) {
    std::string form = stem(switched(reading.words, at, open));
    const auto matches = std::ranges::equal_range(known.words, form, {}, &Side::stem);
    for (const Side& side : matches) {
      (side.left ? out.left : out.right) |= side.bit;
    }
    out.stems.push_back(std::move(form));
  }
  for (const Side& side : known.characters) {
    if (reading.normal.contains(side.stem)) {
      (side.left ? out.left : out.right) |= side.bit;
    }
  }
  std::ranges::sort(out.stems);
  out.stems.erase(std::unique(out.stems.begin(), out.stems.end()), out.stems.end());
  return out;
}

PolarityDifference compare(const Polarity& a, const Polarity& b) {
  PolarityDifference out;
  out.negations = std::max(a.negations, b.negations) - std::min(a.negations, b.negations);
  const std::uint64_t opposite =
      (a.left & ~a.right & b.right & ~b.left) | (a.right & ~a.left & b.left & ~b.right);
  for (std::size_t at = 0; at < std::size(kPairs); ++at) {
    if ((opposite >> at & 1U) != 0) {
      ++out.opposites;
      const auto first = [](std::string_view list) {
        return std::string(list.substr(0, list.find(' ')));
      };
      out.words = first(kPairs[at].left) + " against " + first(kPairs[at].right);
    }
  }
  const std::size_t by_prefix = prefixed(a, b, out.words) + prefixed(b, a, out.words);
  // A pair like legal and illegal is in the list and has a prefix: one opposite, not two.
  out.opposites = std::max(out.opposites, by_prefix);
  return out;
}

}  // namespace refrain::policy
