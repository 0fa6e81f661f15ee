// Does a question stand alone? One that does may be answered as if it had been the first of its
// conversation; one that leans on what was said before may not, however near its words are.
//   leans   "and in winter?", "what about Rome?", "is it safe?", "why is that?", "the second one"
//   alone   "How do I reset my password?", "What is the capital of France?"
// Three signs of leaning: it begins by going on (and, but, what about), it points (it, that, the
// same, the other), or it says too little. A pointing word may as well point within the question
// ("the card that I ordered"); such a question is taken to lean, which costs a hit and no more.
#include "policy/standalone.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace refrain::policy {
namespace {

constexpr std::size_t kTellingMin = 2;

constexpr std::array<std::string_view, 21> kGoesOn = {
    "and",  "but",  "or",   "so",   "then", "also", "plus", "because", "ok",   "okay", "yes",
    "no",   "und",  "aber", "oder", "dann", "auch", "y",    "pero",    "o",    "entonces"};

constexpr std::array<std::string_view, 67> kPoints = {
    "it",     "its",    "it's",   "itself",  "they",    "them",   "their",    "theirs",   "he",
    "she",    "him",    "her",    "his",     "hers",    "this",   "that",     "these",    "those",
    "that's", "there",  "one",    "ones",    "same",    "such",   "former",   "latter",   "above",
    "other",  "others", "another", "else",   "instead", "again",  "previous", "earlier",  "last",
    "first",  "second", "third",  "next",    "more",    "es",     "sie",      "er",       "ihn",
    "ihm",    "ihr",    "ihnen",  "das",     "dies",    "diese",  "dieser",   "dieses",   "dort",
    "davon",  "damit",  "eso",    "esto",    "ese",     "esa",    "ello",     "ellos",    "ellas",
    "lo",     "mismo",  "misma",  "otro"};

// Each character is a word.
constexpr std::array<std::string_view, 6> kChinese = {"\xe5\xae\x83", "\xe4\xbb\x96",
                                                      "\xe5\xa5\xb9", "\xe8\xbf\x99",
                                                      "\xe9\x82\xa3", "\xe5\x91\xa2"};

template <class List>
bool among(std::string_view word, const List& list) {
  return std::ranges::find(list, word) != list.end();
}

// "what about", "how about"
bool asks_about(const Reading& text) {
  if (text.words.size() < 2) {
    return false;
  }
  const std::string_view first = text.words[0].text;
  return (first == "what" || first == "how") && text.words[1].text == "about";
}

}  // namespace

bool stands_alone(const Reading& text) {
  if (text.words.empty() || among(text.words.front().text, kGoesOn) || asks_about(text)) {
    return false;
  }
  std::size_t telling = 0;
  for (const Word& word : text.words) {
    if (among(word.text, kPoints) || among(word.text, kChinese)) {
      return false;
    }
    telling += is_function_word(word.text) ? 0U : 1U;
  }
  return telling >= kTellingMin;
}

}  // namespace refrain::policy
