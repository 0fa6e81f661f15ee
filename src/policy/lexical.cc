// Reading a text for the gates.
//
// Two passes. The first one maps what typesetters vary to one form (curly quotes, dashes,
// full-width letters, currency signs to their codes) and makes two strings of equal length, one
// with the case kept and one in lower case. The second one walks over both and cuts words: "Isn't
// 3.10 < v4?" gives isn't, 3.10, v4. What holds a word together depends on its neighbours: a dot
// between letters or digits, a comma or colon between digits only, an apostrophe between letters.
// Everything is one pass over bytes, without regular expressions, and ends because each step takes
// a byte.
#include "policy/lexical.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace refrain::policy {
namespace {

struct Letter {
  std::uint32_t point = 0;  // 0: no UTF-8
  std::size_t bytes = 1;
};

Letter decode(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t offset) -> std::uint32_t {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) {
    return {first, 1};
  }
  const auto follows = [&](std::size_t offset) { return (byte(offset) & 0xC0U) == 0x80U; };
  const auto low = [&](std::size_t offset) { return byte(offset) & 0x3FU; };
  if ((first & 0xE0U) == 0xC0U && follows(1)) {
    return {(first & 0x1FU) << 6U | low(1), 2};
  }
  if ((first & 0xF0U) == 0xE0U && follows(1) && follows(2)) {
    return {(first & 0x0FU) << 12U | low(1) << 6U | low(2), 3};
  }
  if ((first & 0xF8U) == 0xF0U && follows(1) && follows(2) && follows(3)) {
    return {0x10000, 4};  // nothing here asks which
  }
  return {0, 1};
}

/// The ASCII form of a typographic one, or nullptr.
const char* plain_form(std::uint32_t point) noexcept {
  static constexpr std::pair<std::uint32_t, const char*> kForms[] = {
      {0xA0, " "},     {0xA3, " gbp "}, {0xA5, " jpy "},  {0xAB, "\""},    {0xBB, "\""},
      {0x2009, " "},   {0x200B, ""},    {0x2010, "-"},    {0x2011, "-"},   {0x2013, "-"},
      {0x2014, " - "}, {0x2018, "'"},   {0x2019, "'"},    {0x201C, "\""},  {0x201D, "\""},
      {0x201E, "\""},  {0x2026, "..."}, {0x202F, " "},    {0x20AC, " eur "}, {0x20B9, " inr "},
      {0x2192, " to "}, {0x2212, "-"},  {0x3000, " "},    {0x3001, ", "},  {0x3002, ". "},
      {0x300C, "\""},  {0x300D, "\""},  {0xFEFF, ""},     {0xFF05, "%"}};
  const auto* found =
      std::ranges::find_if(kForms, [point](const auto& form) { return form.first == point; });
  return found == std::end(kForms) ? nullptr : found->second;
}

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// The word for a sign of arithmetic; a - or / holds numbers together unless spaces surround it.
const char* operation(char c) noexcept {
  switch (c) {
    case '+': return " plus ";
    case '*': return " times ";
    case '^': return " power ";
    case '<': return " less ";
    case '>': return " more ";
    case '-': return " minus ";
    case '/': return " divided ";
    default: return nullptr;
  }
}

/// Appends the word for a $ or %, or for a sign between two numbers; false when it is neither.
bool append_sign(std::string_view text, std::size_t at, std::string& out) {
  const char c = text[at];
  if (const char* name = operation(c)) {
    const std::size_t last = out.find_last_not_of(' ');
    const std::size_t next = text.find_first_not_of(' ', at + 1);
    const bool spaced = at > 0 && text[at - 1] == ' ' && next != at + 1;
    if (last == std::string::npos || !is_digit(out[last]) || next == std::string_view::npos ||
        !is_digit(text[next]) || ((c == '-' || c == '/') && !spaced)) {
      return false;
    }
    out += name;
    return true;
  }
  const bool after = !out.empty() && is_digit(out.back());
  const bool spaced = out.size() > 1 && out.back() == ' ' && is_digit(out[out.size() - 2]);
  const bool before = at + 1 < text.size() && is_digit(text[at + 1]);
  if (c == '$' && (before || after)) {
    out += " usd ";
    return true;
  }
  if (c == '%' && (after || spaced)) {
    out += " percent ";
    return true;
  }
  return false;
}

/// Pass one without the case: typographic forms to ASCII.
std::string plain(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const Letter letter = decode(text, at);
    if (letter.bytes == 1 && std::string_view("$%+*^<>-/").contains(text[at])) {
      if (!append_sign(text, at, out)) {
        out += text[at];
      }
    } else if (letter.point >= 0xFF01 && letter.point <= 0xFF5E && letter.point != 0xFF05) {
      out += static_cast<char>(letter.point - 0xFF01 + '!');  // full-width forms
      if (letter.point == 0xFF0C || letter.point == 0xFF1F || letter.point == 0xFF01) {
        out += ' ';
      }
    } else if (const char* form = letter.bytes > 1 ? plain_form(letter.point) : nullptr) {
      out += form;
    } else {
      out += text.substr(at, letter.bytes);
    }
    at += letter.bytes;
  }
  return out;
}

/// The small letter of a capital one whose UTF-8 is as long; the same letter otherwise.
std::uint32_t small(std::uint32_t point) noexcept {
  if ((point >= 'A' && point <= 'Z') || (point >= 0xC0 && point <= 0xDE && point != 0xD7) ||
      (point >= 0x391 && point <= 0x3A9) || (point >= 0x410 && point <= 0x42F)) {
    return point + 0x20;
  }
  return point >= 0x400 && point <= 0x40F ? point + 0x50 : point;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; at < out.size();) {
    const Letter letter = decode(text, at);
    const std::uint32_t to = small(letter.point);
    if (to != letter.point) {
      if (letter.bytes == 1) {
        out[at] = static_cast<char>(to);
      } else {
        out[at] = static_cast<char>(0xC0U | to >> 6U);
        out[at + 1] = static_cast<char>(0x80U | (to & 0x3FU));
      }
    }
    at += letter.bytes;
  }
  return out;
}

std::string squeezed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!is_space(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  return out;
}

bool ends_sentence(char c) noexcept { return c == '.' || c == '!' || c == '?'; }

bool is_wordy(char c) noexcept {
  return is_digit(c) || is_small(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_ideograph(std::uint32_t point) noexcept { return point >= 0x3040 && point <= 0x9FFF; }

/// Cuts one chunk (no spaces in it) after another into words.
class Cutter {
 public:
  Cutter(std::string_view kept, std::string_view small, Reading& out)
      : kept_(kept), small_(small), out_(out) {}

  void run() {
    for (std::size_t at = 0; at < small_.size();) {
      if (is_space(small_[at])) {
        starts_ = starts_ || small_[at] == '\n';
        ++at;
        continue;
      }
      std::size_t end = at;
      while (end < small_.size() && !is_space(small_[end])) {
        ++end;
      }
      chunk(at, end);
      at = end;
    }
  }

 private:
  void chunk(std::size_t from, std::size_t to) {
    std::string_view whole = small_.substr(from, to - from);
    while (!whole.empty() && std::string_view("([{\"'<`").contains(whole.front())) {
      whole.remove_prefix(1);
    }
    while (!whole.empty() && std::string_view(")]}\"'>`,;:.!?").contains(whole.back())) {
      whole.remove_suffix(1);
    }
    const std::optional<Span::Kind> kind = special(whole);
    if (kind) {
      out_.spans.push_back({*kind, std::string(whole)});
      add(from, from, std::string(whole));
      out_.words.back().is_span = true;
      after(to - 1);
      return;
    }
    for (std::size_t at = from; at < to;) {
      at = step(at, from, to);
    }
  }

  /// A word or one byte of something else.
  std::size_t step(std::size_t at, std::size_t from, std::size_t to) {
    const char c = small_[at];
    const bool sign =
        (c == '-' || c == '+') && at == from && at + 1 < to && is_digit(small_[at + 1]);
    if (!sign && !is_wordy(c)) {
      after(at);
      return at + 1;
    }
    const Letter first = decode(small_, at);
    std::size_t end = at + (sign ? 1 : first.bytes);
    if (!is_ideograph(first.point)) {
      end = word_end(end, to);
    }
    add(at, end, std::string(small_.substr(at, end - at)));
    return end;
  }

  std::size_t word_end(std::size_t end, std::size_t to) const {
    while (end < to) {
      const char c = small_[end];
      if (is_wordy(c)) {
        const Letter next = decode(small_, end);
        if (is_ideograph(next.point)) {
          break;
        }
        end += next.bytes;
      } else if (!holds(end, to)) {
        break;
      } else {
        ++end;
      }
    }
    return end;
  }

  /// Whether the sign at `at` belongs to the word around it.
  bool holds(std::size_t at, std::size_t to) const {
    const char c = small_[at];
    const char before = small_[at - 1];
    const char next = at + 1 < to ? small_[at + 1] : ' ';
    if (c == '+' || c == '#') {  // c++, c#
      return (is_small(before) || before == '+') && !is_wordy(next);
    }
    if (c == ',' || c == ':' || c == '/') {
      return is_digit(before) && is_digit(next);
    }
    return (c == '.' || c == '-' || c == '\'') && is_wordy(before) && is_wordy(next);
  }

  static std::optional<Span::Kind> special(std::string_view chunk) noexcept {
    if (chunk.contains("://") || chunk.starts_with("www.")) {
      return Span::Kind::url;
    }
    const std::size_t at = chunk.find('@');
    if (at != std::string_view::npos && at > 0 && chunk.find('.', at) != std::string_view::npos) {
      return Span::Kind::email;
    }
    const bool lettered = std::ranges::any_of(chunk, is_small);
    const bool slashed = std::ranges::count(chunk, '/') > 1 || chunk.starts_with('/') ||
                         chunk.starts_with("./") || chunk.starts_with("~/");
    if (lettered && chunk.size() > 2 && (slashed || chunk.contains('\\'))) {
      return Span::Kind::path;
    }
    return std::nullopt;
  }

  void add(std::size_t from, std::size_t to, std::string text) {
    Word word{.text = std::move(text), .starts_sentence = starts_};
    std::size_t capitals = 0;
    std::size_t smalls = 0;
    for (std::size_t at = from; at < to;) {
      const Letter letter = decode(kept_, at);
      const bool capital = small(letter.point) != letter.point;
      word.capital = word.capital || (capital && at == from);
      word.camel = word.camel || (capital && smalls > 0);
      capitals += capital ? 1U : 0U;
      smalls += letter.point >= 'a' && letter.point <= 'z' ? 1U : 0U;
      at += letter.bytes;
    }
    word.all_capitals = capitals > 1 && smalls == 0;
    out_.words.push_back(std::move(word));
    starts_ = false;
  }

  void after(std::size_t at) {
    const char c = small_[at];
    if (!out_.words.empty() && std::string_view(".!?,;:()").contains(c)) {
      out_.words.back().ends_clause = true;
      starts_ = starts_ || ends_sentence(c) || c == ':';
    }
  }

  const std::string_view kept_, small_;
  Reading& out_;
  bool starts_ = true;
};

/// Spans between two equal marks: "...", `...`, and '...' where it cannot be an apostrophe.
void find_quotes(std::string_view text, std::vector<Span>& out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char mark = text[at];
    const bool opens = at == 0 || is_space(text[at - 1]) || text[at - 1] == '(';
    if (mark != '"' && mark != '`' && !(mark == '\'' && opens)) {
      continue;
    }
    std::size_t end = text.find(mark, at + 1);
    while (mark == '\'' && end != std::string_view::npos && end + 1 < text.size() &&
           is_wordy(text[end + 1])) {
      end = text.find(mark, end + 1);
    }
    if (end == std::string_view::npos) {
      continue;
    }
    std::string inside = squeezed(text.substr(at + 1, end - at - 1));
    while (!inside.empty() && (ends_sentence(inside.back()) || inside.back() == ',')) {
      inside.pop_back();
    }
    if (!inside.empty()) {
      out.push_back({mark == '`' ? Span::Kind::code : Span::Kind::quote, std::move(inside)});
    }
    at = end;
  }
}

}  // namespace

Reading read(std::string_view text) {
  Reading out;
  const std::string kept = plain(text);
  const std::string small_letters = lower(kept);
  out.words.reserve(kept.size() / 5 + 4);
  Cutter(kept, small_letters, out).run();
  find_quotes(small_letters, out.spans);
  out.normal = squeezed(small_letters);
  while (!out.normal.empty() &&
         (ends_sentence(out.normal.back()) || is_space(out.normal.back()))) {
    out.normal.pop_back();
  }
  return out;
}

std::string stem(std::string_view word) {
  std::string out(word);
  const auto cut = [&](std::string_view ending, std::size_t left_min) {
    if (out.size() >= ending.size() + left_min && out.ends_with(ending)) {
      out.resize(out.size() - ending.size());
      return true;
    }
    return false;
  };
  if (!cut("'s", 1)) {
    cut("'", 1);
  }
  if (cut("ies", 2)) {
    out += 'y';
  } else if (!cut("ing", 3) && !cut("ed", 3) && !out.ends_with("ss") && !out.ends_with("us") &&
             !out.ends_with("is")) {
    cut("s", 3);
  }
  cut("e", 3);
  if (out.size() > 3 && out.back() == out[out.size() - 2] && is_small(out.back())) {
    out.pop_back();
  }
  return out;
}

bool is_function_word(std::string_view word) noexcept {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"a",     "about", "am",    "an",    "and",  "any",   "are",   "as",    "at",    "be",
       "been",  "but",   "by",    "can",   "could", "did",  "do",    "does",  "for",   "from",
       "get",   "had",   "has",   "have",  "how",  "i",     "if",    "in",    "into",  "is",
       "it",    "its",   "me",    "might", "my",   "of",    "on",    "or",    "our",   "please",
       "shall", "should", "so",   "some",  "than", "that",  "the",   "their", "them",  "then",
       "there", "these", "they",  "this",  "those", "to",   "us",    "was",   "we",    "were",
       "what",  "when",  "where", "which", "who",  "whom",  "whose", "why",   "will",  "with",
       "would", "you",   "your"});
  static_assert(std::ranges::is_sorted(kWords));
  return std::ranges::binary_search(kWords, word);
}

}  // namespace refrain::policy
