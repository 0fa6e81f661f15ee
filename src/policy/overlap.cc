// How far two texts use the same words.
//
// A cosine of 0.95 between two questions of twelve words may mean twelve words in another order, or
// eleven equal ones and one that decides. The two look alike to an embedder and differ in the
// words: an alignment of the word sequences (longest common subsequence, over words that match by
// stem, by a common beginning, or by a small list of words of one meaning) shows where one text has
// a word and the other one another.
//   "how do I reset my PIN", "how can I change the password"  much substituted, cosine low anyway
//   "the river is 60 km long", "the river is 60 km wide"      equal but for one telling word
// Words are weighted by how much they tell: a function word 0.05, a common word 0.4, another word
// 1. There is no corpus to count in, so common words are a list of ours.
#include "policy/overlap.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "policy/gates_numbers.h"
#include "policy/meaning.h"

namespace refrain::policy {
namespace {

constexpr double kFunctionWeight = 0.05;
constexpr double kCommonWeight = 0.4;
constexpr double kTelling = 0.3;       // from here on a word counts for order and substitution
constexpr std::size_t kPrefixMin = 5;  // bytes two words must share at their beginning

constexpr std::size_t kExchangedMax = 4;  // words, of both texts, that count as one place

bool alike(const Said::Term& a, const Said::Term& b) noexcept {
  if (same(a.stem, b.stem) || (a.concept_id >= 0 && a.concept_id == b.concept_id)) {
    return true;
  }
  const std::size_t shorter = std::min(a.stem.size(), b.stem.size());
  const std::size_t longer = std::max(a.stem.size(), b.stem.size());
  const bool plural = shorter > 2 && longer == shorter + 1;  // api, apis
  if (plural && (a.stem.size() > shorter ? a.stem == b.stem + 's' : b.stem == a.stem + 's')) {
    return true;
  }
  if (shorter < kPrefixMin || longer > shorter + 4 || a.stem.front() != b.stem.front() ||
      is_digit(a.stem.front())) {
    return false;
  }
  const std::size_t common = std::min(shorter, std::max(kPrefixMin, longer - 4));
  return std::string_view(a.stem).substr(0, common) == std::string_view(b.stem).substr(0, common);
}

void add_grams(std::string_view stem, std::vector<unsigned>& out) {
  const std::string padded = ' ' + std::string(stem) + ' ';
  for (std::size_t at = 0; at + 3 <= padded.size(); ++at) {
    std::uint32_t hash = 0;
    for (const char c : std::string_view(padded).substr(at, 3)) {
      hash = hash << 8U | static_cast<unsigned char>(c);
    }
    out.push_back(hash);
  }
}

double dice(const std::vector<unsigned>& a, const std::vector<unsigned>& b) {
  if (a.empty() || b.empty()) {
    return a.size() == b.size() ? 1 : 0;
  }
  std::size_t both = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++both, ++i, ++j;
    } else {
      ++(a[i] < b[j] ? i : j);
    }
  }
  return 2.0 * static_cast<double>(both) / static_cast<double>(a.size() + b.size());
}

double weight_of(const std::vector<Said::Term>& terms) {
  double sum = 0;
  for (const Said::Term& term : terms) {
    sum += term.weight;
  }
  return sum;
}

/// Weight of the terms of `a` that some term of `b` is like; each of b's is taken once.
double matched(const std::vector<Said::Term>& a, const std::vector<Said::Term>& b) {
  std::array<bool, kTermsMax> taken{};
  double sum = 0;
  for (const Said::Term& term : a) {
    for (std::size_t at = 0; at < b.size(); ++at) {
      if (!taken[at] && alike(term, b[at])) {
        taken[at] = true;
        sum += std::max(term.weight, b[at].weight);
        break;
      }
    }
  }
  return sum;
}

struct Aligned {
  std::size_t common = 0;          // words in the same order
  std::size_t common_telling = 0;  // of these, telling ones
  std::size_t exchanged = 0;       // words where one stands for another, of both texts
  double substituted = 0, added = 0;
};

using Terms = std::vector<const Said::Term*>;

/// The weight of the heaviest telling word that the other text does not say anywhere: a word that
/// it says elsewhere has only moved.
double heaviest(const Terms& gap, const Said& other) {
  double weight = 0;
  for (const Said::Term* term : gap) {
    const bool heavier = term->weight >= kTelling && term->weight > weight;
    const auto said = [&](const Said::Term& theirs) { return alike(*term, theirs); };
    if (heavier && std::ranges::none_of(other.terms, said)) {
      weight = term->weight;
    }
  }
  return weight;
}

/// The words that did not match before a match, or before the end.
void close_gap(const Terms& mine, const Terms& theirs, std::pair<const Said&, const Said&> texts,
               Aligned& out) {
  const double one = heaviest(mine, texts.second);
  const double other = heaviest(theirs, texts.first);
  if (one > 0 && other > 0) {
    out.substituted = std::max(out.substituted, std::min(one, other));
    out.exchanged += mine.size() + theirs.size();
  } else {
    out.added = std::max(out.added, std::max(one, other));
  }
}

Aligned align(const Said& a, const Said& b) {
  const std::size_t rows = a.terms.size();
  const std::size_t cols = b.terms.size();
  std::vector<std::uint8_t> best((rows + 1) * (cols + 1), 0);  // [row][col]: of what is left
  const auto at = [&](std::size_t row, std::size_t col) -> std::uint8_t& {
    return best[row * (cols + 1) + col];
  };
  std::vector<std::uint8_t> match(rows * cols);
  for (std::size_t row = rows; row-- > 0;) {
    for (std::size_t col = cols; col-- > 0;) {
      const bool like = alike(a.terms[row], b.terms[col]);
      match[row * cols + col] = like ? 1 : 0;
      at(row, col) = like ? static_cast<std::uint8_t>(at(row + 1, col + 1) + 1)
                          : std::max(at(row + 1, col), at(row, col + 1));
    }
  }
  Aligned out;
  Terms gap, other_gap;
  std::size_t row = 0;
  std::size_t col = 0;
  while (row < rows || col < cols) {
    if (row < rows && col < cols && match[row * cols + col] != 0) {
      close_gap(gap, other_gap, {a, b}, out);
      gap.clear();
      other_gap.clear();
      ++out.common;
      out.common_telling += a.terms[row].weight >= kTelling ? 1U : 0U;
      ++row;
      ++col;
    } else if (col == cols || (row < rows && at(row + 1, col) >= at(row, col + 1))) {
      gap.push_back(&a.terms[row++]);
    } else {
      other_gap.push_back(&b.terms[col++]);
    }
  }
  close_gap(gap, other_gap, {a, b}, out);
  return out;
}

std::size_t telling(const Said& said) {
  return static_cast<std::size_t>(std::ranges::count_if(
      said.terms, [](const Said::Term& term) { return term.weight >= kTelling; }));
}

}  // namespace

Said said(const Reading& reading) {
  Said out;
  for (const Word& word : reading.words) {
    if (out.terms.size() == kTermsMax) {
      break;
    }
    Said::Term term{stem(word.text), 1, -1};
    std::erase(term.stem, '-');  // wi-fi, wifi
    term.concept_id = concept_of(term.stem);
    if (is_quantity(word.text)) {
      term = {"#", kFunctionWeight, -1};  // the gate of numbers knows more about these
    } else if (is_function_word(word.text) || is_particle(word.text)) {
      term.weight = kFunctionWeight;
    } else if (is_common(term.stem)) {
      term.weight = kCommonWeight;
    }
    if (term.weight >= kTelling) {
      add_grams(term.stem, out.grams);
    }
    out.terms.push_back(std::move(term));
  }
  std::ranges::sort(out.grams);
  return out;
}

Overlap overlap(const Said& a, const Said& b) {
  // Which of several equally long alignments is found depends on which text comes first.
  if (std::ranges::lexicographical_compare(b.terms, a.terms, {}, &Said::Term::stem,
                                           &Said::Term::stem)) {
    return overlap(b, a);
  }
  const double of_a = weight_of(a.terms);
  const double of_b = weight_of(b.terms);
  const double both = matched(a.terms, b.terms);
  Overlap out;
  if (of_a <= 0 || of_b <= 0) {
    return out;
  }
  out.shared = std::min(1.0, both / std::max(1e-9, of_a + of_b - both));
  out.covered = std::min(1.0, both / std::max(of_a, of_b));
  out.length = std::min(of_a, of_b) / std::max(of_a, of_b);
  out.trigrams = dice(a.grams, b.grams);
  const Aligned aligned = align(a, b);
  const std::size_t longer = std::max(telling(a), telling(b));
  out.order =
      longer == 0 ? 1 : static_cast<double>(aligned.common_telling) / static_cast<double>(longer);
  const std::size_t framing =
      a.terms.size() + b.terms.size() - std::min(aligned.exchanged, kExchangedMax);
  out.frame =
      framing == 0 ? 0 : 2 * static_cast<double>(aligned.common) / static_cast<double>(framing);
  out.substituted = aligned.substituted;
  out.added = aligned.added;
  return out;
}

}  // namespace refrain::policy
