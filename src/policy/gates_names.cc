// Names, identifiers, code, quotes and addresses: what must be the same letter by letter.
//
// A name is a capitalised word inside a sentence, a word in capitals, or one that no dictionary has
// (x86_64, node.js, iPhone, c++). Each name of one text must be said by the other one, but it need
// not be a name there: "What is Paris" and "what is paris" ask the same, and people do not
// capitalise in a hurry. So capitals only say which words to look for, and the look-up folds case,
// hyphens, dots, possessive and plural. Where capitals say nothing (a text in capitals, a Title
// Like This) no names are taken from them. The word that begins a sentence is never taken for a
// name by its capital.
#include "policy/gates_names.h"

#include <algorithm>

#include "policy/gates_numbers.h"

namespace refrain::policy {
namespace {

std::string folded(std::string_view word) {
  std::string out;
  out.reserve(word.size());
  if (word.ends_with("'s")) {
    word.remove_suffix(2);
  }
  for (const char c : word) {
    if (c != '-' && c != '.' && c != '\'' && c != '_') {
      out += c;
    }
  }
  if (out.size() > 3 && out.back() == 's' && !out.ends_with("ss")) {
    out.pop_back();
  }
  return out;
}

bool is_pronoun(std::string_view word) noexcept { return word == "i" || word.starts_with("i'"); }

/// Whether capitals in this text tell names from other words.
bool capitals_tell(const std::vector<Word>& words) {
  std::size_t written_large = 0;
  std::size_t written_small = 0;
  std::size_t shouted = 0;
  std::size_t letters = 0;
  for (const Word& word : words) {
    if (is_function_word(word.text) && !is_pronoun(word.text) && !word.starts_sentence) {
      ++(word.capital ? written_large : written_small);
    }
    shouted += word.all_capitals ? 1U : 0U;
    letters += is_small(word.text.front()) ? 1U : 0U;
  }
  const bool titled = written_large > 0 && written_small == 0;
  return !titled && !(letters > 2 && shouted * 5 > letters * 4);
}

bool is_identifier(const Word& word) {
  const std::string& text = word.text;
  if (word.camel || text.contains('_') || text.ends_with('+') || text.ends_with('#')) {
    return true;
  }
  const std::size_t dot = text.find('.');
  const bool dotted = dot != std::string::npos && text.size() > 3 && dot > 1;  // not e.g, u.s
  const bool digit = std::ranges::any_of(text, is_digit);
  const bool letter = std::ranges::any_of(text, is_small);
  return letter && is_small(text.front()) && (dotted || digit) && !is_numeric(text);
}

}  // namespace

Names names(const Reading& reading) {
  Names out;
  const bool tell = capitals_tell(reading.words);
  out.said.reserve(reading.words.size() + 4);
  for (const Word& word : reading.words) {
    std::string text = folded(word.text);
    if (word.is_span) {
      continue;
    }
    const bool named = tell && word.capital && !is_pronoun(word.text) &&
                       (!word.starts_sentence || word.all_capitals);
    if (!is_numeric(word.text) && !text.empty() && (named || is_identifier(word)) &&
        !(named && is_function_word(word.text) && !word.all_capitals)) {
      out.items.push_back({text, word.text, Names::Kind::name});
    }
    for (std::size_t cut = word.text.find('-'), from = 0; cut != std::string::npos;) {
      out.said.push_back(folded(std::string_view(word.text).substr(from, cut - from)));
      from = cut + 1;
      cut = word.text.find('-', from);
      if (cut == std::string::npos) {
        out.said.push_back(folded(std::string_view(word.text).substr(from)));
      }
    }
    out.said.push_back(std::move(text));
  }
  std::ranges::sort(out.said);
  for (const Span& span : reading.spans) {
    const bool address = span.kind != Span::Kind::quote && span.kind != Span::Kind::code;
    out.items.push_back({span.text, span.text, address ? Names::Kind::address : Names::Kind::span});
  }
  return out;
}

namespace {

/// New-York is said by New York.
bool parts_said(std::string_view word, const std::vector<std::string>& said) {
  if (!word.contains('-')) {
    return false;
  }
  while (!word.empty()) {
    const std::size_t cut = std::min(word.find('-'), word.size());
    if (!std::ranges::binary_search(said, folded(word.substr(0, cut)))) {
      return false;
    }
    word.remove_prefix(std::min(cut + 1, word.size()));
  }
  return true;
}

}  // namespace

const Names::Item* missing(const Names& a, const Names& b, std::string_view b_normal) {
  for (const Names::Item& item : a.items) {
    const bool said =
        item.kind == Names::Kind::name
            ? std::ranges::binary_search(b.said, item.text) || parts_said(item.word, b.said)
            : b_normal.contains(item.text);
    if (!said) {
      return &item;
    }
  }
  return nullptr;
}

}  // namespace refrain::policy
