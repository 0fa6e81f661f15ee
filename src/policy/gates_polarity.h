#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "policy/lexical.h"

namespace refrain::policy {

/// What a text says yes or no to.
struct Polarity {
  std::size_t negations = 0;  // not, n't, never, without, nicht, sin, ...
  std::uint64_t left = 0, right = 0;  // bit i: the text has a word of that side of antonym pair i
  std::vector<std::string> stems;     // of all words, for un-, in-, dis- and their plain forms
};
Polarity polarity(const Reading& reading);

/// What differs between two texts.
struct PolarityDifference {
  std::size_t negations = 0;  // how many more one text has
  std::size_t opposites = 0;  // antonyms, and happy against unhappy
  std::string words;          // the first pair of opposites found
  /// Not happy and unhappy agree: one negation makes good for one opposite.
  bool agree() const noexcept {
    return opposites == 0 ? negations == 0 : opposites == 1 && negations == 1;
  }
};
PolarityDifference compare(const Polarity& a, const Polarity& b);

}  // namespace refrain::policy
