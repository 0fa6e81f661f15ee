#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/lexical.h"

namespace refrain::policy {

/// A text's words as the overlap compares them.
struct Said {
  struct Term {
    std::string stem;
    double weight = 0;    // 0..1: how much the word tells; a function word tells little
    int concept_id = -1;  // words of one meaning share it; -1: none known
  };
  std::vector<Term> terms;      // in their order, kTermsMax at most
  std::vector<unsigned> grams;  // character trigrams of the telling words, hashed, sorted
};
inline constexpr std::size_t kTermsMax = 96;
Said said(const Reading& reading);

/// How much of two texts is the same words, and what is not. All symmetric, 0..1.
struct Overlap {
  double shared = 0;       // weight of what both say, of all that is said
  double covered = 0;      // of the text of which less is said by the other one
  double order = 0;        // telling words in the same order, of all
  double frame = 0;        // words in the same order, of all but those that stand for another
  double length = 0;       // the shorter text's telling weight of the longer one's
  double trigrams = 0;     // Dice of the telling words' character trigrams
  double substituted = 0;  // weight of the heaviest word that stands where the other text has
                           // another word; 0: none does
  double added = 0;        // weight of the heaviest word where the other text has nothing
};
/// Whether the texts are equal word by word but for one place, where a telling word stands for
/// another one, or where one text says something more: then that is what they differ in, however
/// near they are.
inline bool minimal_pair(const Overlap& words) noexcept {
  return (words.substituted > 0.5 && words.frame > 0.9) || (words.added > 0.9 && words.frame > 0.8);
}
/// Cost: terms of a times terms of b.
Overlap overlap(const Said& a, const Said& b);

}  // namespace refrain::policy
