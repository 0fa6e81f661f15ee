#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "policy/antonyms.h"
#include "policy/lexical.h"

namespace refrain::policy {

/// What a text says yes or no to.
struct Polarity {
  std::size_t negations = 0;  // not, n't, never, without, nicht, sin, ...
  /// An end of a pair of opposites, and which word says it.
  struct Said {
    Pole pole;
    std::uint16_t word = 0;
    auto operator<=>(const Said&) const = default;
  };
  std::vector<Said> poles;         // sorted
  std::vector<std::string> stems;  // of all words, for un-, in-, dis- and their plain forms
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
