#include "policy/evidence.h"

#include <algorithm>

namespace refrain::policy {
namespace {

// Of the telling words in the same order, where nothing else can be told.
constexpr double kStrictOrder = 0.95;
constexpr std::size_t kLengthRatioMax = 3;
constexpr std::size_t kLengthFree = 24;  // bytes; shorter texts count as this long

/// Whether the text is in a script without spaces or capitals to go by.
bool unspaced(const Profile& text) {
  const auto wide = [](const Said::Term& term) {
    return static_cast<unsigned char>(term.stem.front()) >= 0xD7;
  };
  const auto count = std::ranges::count_if(text.words.terms, wide);
  return 2 * static_cast<std::size_t>(count) > text.words.terms.size();
}

}  // namespace

bool lengths_differ(const Profile& a, const Profile& b) noexcept {
  const std::size_t one = std::max(a.reading.normal.size(), kLengthFree);
  const std::size_t other = std::max(b.reading.normal.size(), kLengthFree);
  return std::max(one, other) > kLengthRatioMax * std::min(one, other);
}

PairEvidence pair_evidence(const Profile& a, const Profile& b, double cosine) {
  PairEvidence out;
  out.cosine = cosine;
  out.words = overlap(a.words, b.words);
  const PolarityDifference poles = compare(a.poles, b.poles);
  out.negations = poles.negations;
  out.opposites = poles.opposites;
  out.polarity = !poles.agree();
  out.numbers = a.values != b.values;
  out.names = missing(a.named, b.named, b.reading.normal) != nullptr ||
              missing(b.named, a.named, a.reading.normal) != nullptr;
  out.question = a.asks != b.asks && a.asks != Asked::open && b.asks != Asked::open;
  out.direction = !reversed(a.sequence, b.sequence).empty();
  const bool same_words = out.words.order >= 1;
  out.time = !differing(a.when, b.when).empty() || (same_words && tenses_differ(a.when, b.when));
  out.modality = !compare(a.mood, b.mood, same_words).empty();
  // Where a negation makes good for an opposite, that is what the texts differ in.
  const bool compensated = out.opposites > 0 && poles.agree();
  out.substitution = minimal_pair(out.words) && !compensated;
  out.length = lengths_differ(a, b);
  out.strict = (unspaced(a) || unspaced(b)) && out.words.order < kStrictOrder;
  return out;
}

}  // namespace refrain::policy
