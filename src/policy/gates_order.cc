// Question type and direction: the same words, asked otherwise.
//
// Type. The first question word that opens a clause says what is asked for: "who founded it" is not
// "when was it founded". what and which leave it open, unless the next word says it (what time is
// when, what city is where, what causes is why). A question word inside a clause is none: "my code
// fails when I run it". Two types refuse each other only when both are known.
//
// Direction. Two signs. First, moves: from A to B against from B to A, wherever the other words
// are; A before B against B before A. Second, one exchange: the content words of both texts are
// the same and in the same order but for two that changed places, and a word stands there that
// tells one side from the other: "is java faster than python", "is python faster than java".
// A text with and, or, versus between its things ("difference between TCP and UDP") may be turned
// round.
#include "policy/gates_order.h"

#include <algorithm>
#include <array>
#include <optional>

namespace refrain::policy {
namespace {

using List = std::string_view;  // words between spaces, one before and one after

bool in(List list, std::string_view word) noexcept {
  const std::size_t at = word.empty() ? std::string_view::npos : list.find(word);
  for (std::size_t from = at; from != std::string_view::npos; from = list.find(word, from + 1)) {
    if (list[from - 1] == ' ' && list[from + word.size()] == ' ') {
      return true;
    }
  }
  return false;
}

constexpr List kOpeners =
    " tell me know explain say ask wonder wondering understand find out see remember exactly so "
    "and but is was are of about since by until from show describe ";
constexpr List kDirected = " to into from than before after over by under of beat beats minus "
                           "divided in on behind above below per -> ";
constexpr List kMutual = " and or vs versus with between plus times y und oder & ";

std::string_view word_at(const Reading& reading, std::size_t at) noexcept {
  return at < reading.words.size() ? std::string_view(reading.words[at].text) : std::string_view();
}

Asked how(const Reading& reading, std::size_t at) {
  const std::string_view next = word_at(reading, at + 1);
  const std::string_view third = word_at(reading, at + 2);
  if (next == "many" || next == "much") {
    if (in(" year years month months week weeks day days hour hours minute minutes time ", third)) {
      return Asked::how_long;
    }
    return next == "many" ? Asked::how_many : Asked::how_much;
  }
  if (next == "come") {
    return Asked::why;
  }
  static constexpr std::pair<std::string_view, Asked> kNext[] = {
      {"long", Asked::how_long}, {"old", Asked::how_old}, {"often", Asked::how_often},
      {"frequently", Asked::how_often}, {"far", Asked::how_far}};
  const auto* found = std::ranges::find(kNext, next, &std::pair<std::string_view, Asked>::first);
  return found == std::end(kNext) ? Asked::how : found->second;
}

Asked what(const Reading& reading, std::size_t at) {
  for (std::size_t ahead = 1; ahead < 4; ++ahead) {
    const std::string_view next = word_at(reading, at + ahead);
    if (in(" time year date day month ", next)) {
      return Asked::when;
    }
    if (in(" city country place location ", next) && ahead == 1) {
      return Asked::where;
    }
    if (in(" reason causes caused cause ", next)) {
      return Asked::why;
    }
    if (next == "person" && ahead == 1) {
      return Asked::who;
    }
    if (next == "number" && word_at(reading, at + ahead + 1) == "of") {
      return Asked::how_many;
    }
    if (!in(" is the are a was ", next)) {
      break;
    }
  }
  return Asked::open;
}

/// nullopt: no question word.
std::optional<Asked> question_word(const Reading& reading, std::size_t at) {
  const std::string_view word = word_at(reading, at);
  if (word == "how" || word == "how's") {
    return how(reading, at);
  }
  if (in(" what which what's whats ", word)) {
    return what(reading, at);
  }
  if (in(" wie was welche welcher welches que qu\u00e9 cu\u00e1l ", word) &&
      reading.words[at].starts_sentence) {
    return Asked::open;
  }
  static constexpr std::pair<List, Asked> kWords[] = {
      {" who who's whom whose wer wem wen qui\u00e9n quien ", Asked::who},
      {" when when's wann cu\u00e1ndo cuando ", Asked::when},
      {" where where's wo d\u00f3nde donde ", Asked::where},
      {" why why's warum wieso weshalb ", Asked::why},
      {" wieviele cu\u00e1ntos cu\u00e1ntas ", Asked::how_many},
      {" wieviel cu\u00e1nto cu\u00e1nta ", Asked::how_much}};
  for (const auto& [list, asked_for] : kWords) {
    if (in(list, word)) {
      return asked_for;
    }
  }
  return std::nullopt;
}

Asked asked_in_chinese(std::string_view text) noexcept {
  static constexpr std::pair<std::string_view, Asked> kMarks[] = {
      {"\u8c01", Asked::who},
      {"\u4ec0\u4e48\u65f6\u5019", Asked::when},
      {"\u4f55\u65f6", Asked::when},
      {"\u54ea\u91cc", Asked::where},
      {"\u54ea\u513f", Asked::where},
      {"\u4e3a\u4ec0\u4e48", Asked::why},
      {"\u4e3a\u4f55", Asked::why},
      {"\u591a\u5c11\u94b1", Asked::how_much},
      {"\u591a\u5c11", Asked::how_many}};
  for (const auto& [mark, asked_for] : kMarks) {
    if (text.contains(mark)) {
      return asked_for;
    }
  }
  return Asked::open;
}

/// The content word next to `at` on one side, at most three words away.
std::string beside(const Reading& reading, std::size_t at, int step) {
  for (int away = 1; away <= 3; ++away) {
    const auto place = static_cast<std::ptrdiff_t>(at) + step * away;
    if (place < 0 || place >= static_cast<std::ptrdiff_t>(reading.words.size())) {
      break;
    }
    const std::string& word = reading.words[static_cast<std::size_t>(place)].text;
    if (!is_function_word(word)) {
      return stem(word);
    }
  }
  return {};
}

void find_moves(const Reading& reading, Order& out) {
  std::vector<std::string> origins;
  std::vector<std::string> ends;
  for (std::size_t at = 0; at < reading.words.size(); ++at) {
    const std::string& word = reading.words[at].text;
    if (word == "from") {
      origins.push_back(beside(reading, at, 1));
    } else if (word == "to" || word == "into") {
      ends.push_back(beside(reading, at, 1));
      if (origins.empty()) {
        out.moves.emplace_back(beside(reading, at, -1), ends.back());
      }
    } else if (word == "before") {
      out.moves.emplace_back(beside(reading, at, -1), beside(reading, at, 1));
    } else if (word == "after") {
      out.moves.emplace_back(beside(reading, at, 1), beside(reading, at, -1));
    }
  }
  for (std::size_t at = 0; at < std::min(origins.size(), ends.size()); ++at) {
    out.moves.emplace_back(origins[at], ends[at]);
  }
}

}  // namespace

std::string_view name(Asked asked) noexcept {
  static constexpr std::array<std::string_view, 12> kNames = {
      "open",     "who",      "when",     "where",   "why",       "how",
      "how many", "how much", "how long", "how old", "how often", "how far"};
  return kNames[static_cast<std::size_t>(asked)];
}

Asked asked(const Reading& reading) {
  for (std::size_t at = 0; at < reading.words.size(); ++at) {
    const bool opens = at == 0 || reading.words[at].starts_sentence ||
                       reading.words[at - 1].ends_clause ||
                       in(kOpeners, reading.words[at - 1].text);
    if (!opens) {
      continue;
    }
    if (const std::optional<Asked> found = question_word(reading, at)) {
      return *found;
    }
  }
  return asked_in_chinese(reading.normal);
}

Order order(const Reading& reading) {
  Order out;
  find_moves(reading, out);
  bool directed = false;
  for (const Word& word : reading.words) {
    directed = directed || in(kDirected, word.text);
    out.mutual = out.mutual || in(kMutual, word.text);
    if (!is_function_word(word.text)) {
      out.content.push_back(stem(word.text));
      out.directed.push_back(directed);
      directed = false;
    }
  }
  return out;
}

std::string reversed(const Order& a, const Order& b) {
  for (const auto& [from, to] : a.moves) {
    if (!from.empty() && !to.empty() && from != to &&
        std::ranges::find(b.moves, std::pair(to, from)) != b.moves.end()) {
      return from + " to " + to;
    }
  }
  const bool same_move = std::ranges::any_of(a.moves, [&](const auto& move) {
    return !move.first.empty() && !move.second.empty() &&
           std::ranges::find(b.moves, move) != b.moves.end();
  });
  if (same_move || a.content.size() != b.content.size() || a.mutual || b.mutual) {
    return {};
  }
  std::vector<std::size_t> changed;
  for (std::size_t at = 0; at < a.content.size(); ++at) {
    if (a.content[at] != b.content[at]) {
      changed.push_back(at);
    }
  }
  const bool exchange = changed.size() == 2 && a.content[changed[0]] == b.content[changed[1]] &&
                        a.content[changed[1]] == b.content[changed[0]];
  const auto directed = [&](const Order& of) {  // between the two
    bool found = false;
    for (std::size_t at = changed[0] + 1; at <= changed[1]; ++at) {
      found = found || of.directed[at];
    }
    return found;
  };
  if (!exchange || !directed(a) || !directed(b)) {
    return {};
  }
  return a.content[changed[0]] + " and " + a.content[changed[1]];
}

}  // namespace refrain::policy
