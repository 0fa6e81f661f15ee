#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace refrain::policy {

/// A word of a text: letters, digits and what holds them together (don't, e-mail, 3.10, node.js,
/// 05/01/2023, c++). Each Chinese or Japanese character is a word. $5 and 5 % are two words each:
/// usd 5, 5 percent.
struct Word {
  std::string text;           // lower case
  bool capital = false;       // begins with a capital letter
  bool all_capitals = false;  // two letters or more, no small one
  bool camel = false;         // a small letter, then a capital one
  bool starts_sentence = false;
  bool ends_clause = false;   // punctuation follows
  bool is_span = false;       // stands for a url, an email or a path
};

/// What is no word but means itself, letter by letter.
struct Span {
  enum class Kind : unsigned char { quote, code, url, email, path };
  Kind kind = Kind::quote;
  std::string text;  // lower case, single spaces
};

/// A text as the gates see it.
struct Reading {
  std::string normal;  // lower case, single spaces, no punctuation at the end
  std::vector<Word> words;
  std::vector<Span> spans;
};

/// Reads any bytes; what is no UTF-8 is kept as it is. Lower case covers Latin-1, Greek and
/// Cyrillic. Typographic quotes, dashes, full-width forms and spaces become their ASCII forms.
Reading read(std::string_view text);

/// A word without possessive, plural and past endings, so that forms of one word meet: stopped,
/// stopping, stops, stop. Not a word of the language: increase becomes "increas". ASCII only.
std::string stem(std::string_view word);

/// Whether the word says nothing by itself: the, of, is, please, ...
bool is_function_word(std::string_view word) noexcept;

/// Equality that looks at the first letters before it calls anything: word lists are long.
inline bool same(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && (a.empty() || (a.front() == b.front() && a == b));
}

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
inline bool is_small(char c) noexcept { return c >= 'a' && c <= 'z'; }

}  // namespace refrain::policy
