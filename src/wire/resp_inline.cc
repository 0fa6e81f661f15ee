// Inline commands are what people type into a bare connection. Quoting is Redis's: inside "..." the
// escapes \n \r \t \b \a and \xHH count, inside '...' only \'; a closing quote must be followed by
// space or the end.
#include <array>
#include <optional>

#include "wire/resp.h"

namespace refrain::wire::resp {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 32);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return std::nullopt;
}

char escaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

// text begins behind the opening quote; false if there is no proper end.
bool take_double(std::string_view& text, std::string& word) {
  while (!text.empty()) {
    const char c = text[0];
    if (c == '"') {
      text.remove_prefix(1);
      return text.empty() || is_space(text[0]);
    }
    if (c == '\\' && text.size() >= 4 && text[1] == 'x' && hex_digit(text[2]) &&
        hex_digit(text[3])) {
      word += static_cast<char>(*hex_digit(text[2]) * 16 + *hex_digit(text[3]));
      text.remove_prefix(4);
    } else if (c == '\\' && text.size() >= 2) {
      word += escaped(text[1]);
      text.remove_prefix(2);
    } else {
      word += c;
      text.remove_prefix(1);
    }
  }
  return false;
}

bool take_single(std::string_view& text, std::string& word) {
  while (!text.empty()) {
    if (text.starts_with("\\'")) {
      word += '\'';
      text.remove_prefix(2);
      continue;
    }
    const char c = text[0];
    text.remove_prefix(1);
    if (c == '\'') return text.empty() || is_space(text[0]);
    word += c;
  }
  return false;
}

}  // namespace

base::Result<std::vector<std::string>> split_inline(std::string_view text) {
  std::vector<std::string> words;
  for (;;) {
    while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
    if (text.empty()) return words;
    std::string word;
    while (!text.empty() && !is_space(text[0])) {
      const char c = text[0];
      text.remove_prefix(1);
      const bool whole = c == '"' ? take_double(text, word) : c == '\'' ? take_single(text, word)
                                                                       : (word += c, true);
      if (!whole) return base::fail(base::Code::invalid, "unbalanced quotes in request");
    }
    words.push_back(std::move(word));
  }
}

}  // namespace refrain::wire::resp
