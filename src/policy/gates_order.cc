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
// tells one side from the other: "is java faster than python", "is python faster than java"; or
// one text asks with "did" and the other does not: "which
// country invaded Poland", "which country did Poland invade". Third, an exchange of two blocks in
// texts that are equal word by word elsewhere, with something between the blocks: "did the dog bite
// the man", "did the man bite the dog"; this one needs no knowledge of the language.
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
constexpr List kDirected =
    " to into from than before after over by under of beat beats minus "
    "divided in on behind above below per -> ";
constexpr List kArticles = " the a an der die das den dem el la los las ";
constexpr List kMutual =
    " far distance and or vs versus with between plus times y und oder & \u548c \u4e0e \u8ddf "
    "\u6216 ";

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
  static constexpr std::pair<std::string_view, Asked> kNext[] = {{"long", Asked::how_long},
                                                                 {"old", Asked::how_old},
                                                                 {"often", Asked::how_often},
                                                                 {"frequently", Asked::how_often},
                                                                 {"far", Asked::how_far}};
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
      {" when when's wann cu\u00e1ndo cuando cuando ", Asked::when},
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
      {"\u8c01", Asked::who},           {"\u4ec0\u4e48\u65f6\u5019", Asked::when},
      {"\u4f55\u65f6", Asked::when},    {"\u54ea\u91cc", Asked::where},
      {"\u54ea\u513f", Asked::where},   {"\u4e3a\u4ec0\u4e48", Asked::why},
      {"\u4e3a\u4f55", Asked::why},     {"\u591a\u5c11\u94b1", Asked::how_much},
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

/// "to" after a "from" ends its move, and so does one before it: to B from A. The to of "need to
/// get from A to B" makes a move to "get", which does no harm: it is turned round in no text.
void find_moves(const Reading& reading, Order& out) {
  std::string origin;
  std::string end;
  for (std::size_t at = 0; at < reading.words.size(); ++at) {
    const std::string& word = reading.words[at].text;
    if (word == "from") {
      origin = beside(reading, at, 1);
      if (!end.empty()) {
        out.moves.emplace_back(origin, end);
      }
    } else if (word == "to" || word == "into") {
      end = beside(reading, at, 1);
      out.moves.emplace_back(origin.empty() ? beside(reading, at, -1) : origin, end);
    } else if (word == "before") {
      out.moves.emplace_back(beside(reading, at, -1), beside(reading, at, 1));
    } else if (word == "after") {
      out.moves.emplace_back(beside(reading, at, 1), beside(reading, at, -1));
    }
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
  // Two words in these languages: for what, of whom.
  if (reading.normal.contains("por qu") || reading.normal.starts_with("pour quoi")) {
    return Asked::why;
  }
  if (reading.normal.starts_with("von wem") || reading.normal.starts_with("an wen")) {
    return Asked::who;
  }
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
  const bool opens =
      !reading.words.empty() && in(" who whom which what ", reading.words.front().text);
  out.subject = opens && reading.words.front().text != "what";
  for (const Word& word : reading.words) {
    directed = directed || in(kDirected, word.text);
    out.mutual = out.mutual || in(kMutual, word.text);
    out.inverted = out.inverted || (opens && in(" do does did ", word.text));
    out.all.push_back(in(kArticles, word.text) ? "the" : stem(word.text));
    if (!is_function_word(word.text)) {
      out.content.push_back(stem(word.text));
      out.directed.push_back(directed);
      directed = false;
    }
  }
  return out;
}

namespace {

constexpr std::size_t kBlockMax = 4;  // words of a name that changes places

bool equal(const Order& a, std::size_t at, const Order& b, std::size_t other, std::size_t count) {
  return std::equal(a.all.begin() + static_cast<std::ptrdiff_t>(at),
                    a.all.begin() + static_cast<std::ptrdiff_t>(at + count),
                    b.all.begin() + static_cast<std::ptrdiff_t>(other));
}

/// Whether the texts are P X M Y S and P Y M X S, with something in M that is not a word like
/// "and"; what X and Y begin with, or "".
std::string exchanged(const Order& a, const Order& b) {
  const std::size_t size = a.all.size();
  if (size != b.all.size() || a.all == b.all) {
    return {};
  }
  std::size_t first = 0;
  while (a.all[first] == b.all[first]) {
    ++first;
  }
  std::size_t end = size;
  while (a.all[end - 1] == b.all[end - 1]) {
    --end;
  }
  const std::size_t length = end - first;
  for (std::size_t x = 1; x <= kBlockMax; ++x) {
    for (std::size_t y = 1; y <= kBlockMax && x + y < length; ++y) {
      const std::size_t middle = length - x - y;
      if (!equal(a, first, b, first + y + middle, x) ||
          !equal(a, first + x, b, first + y, middle) ||
          !equal(a, first + x + middle, b, first, y)) {
        continue;
      }
      const auto from = a.all.begin() + static_cast<std::ptrdiff_t>(first + x);
      const bool mutual = std::any_of(from, from + static_cast<std::ptrdiff_t>(middle),
                                      [](const std::string& word) { return in(kMutual, word); });
      return mutual ? std::string() : a.all[first] + " and " + a.all[first + x + middle];
    }
  }
  return {};
}

}  // namespace

std::string reversed(const Order& a, const Order& b) {
  if (std::string found = exchanged(a, b); !found.empty()) {
    return found;
  }
  if (a.subject && b.subject && a.inverted != b.inverted) {
    return "who does and to whom it is done";
  }
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
  if (!exchange || (a.inverted == b.inverted && (!directed(a) || !directed(b)))) {
    return {};
  }
  return a.content[changed[0]] + " and " + a.content[changed[1]];
}

}  // namespace refrain::policy
