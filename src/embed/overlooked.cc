// A cosine of 1 between texts that differ means that the difference was lost before the model:
// marks were folded away, or a word became the unknown token, as every word of its kind does.
//
//   resume with accents, resume without      one vector, two words: not seen
//   two forms of one word, both with umlauts folded both, but still two for the model: seen
//   a smile, a tear (emoji)                  both unknown: not seen
//
// The rule looks at words alone. A word that both texts write in the same way is no difference,
// wherever it stands; order is for the gates.
#include "embed/overlooked.h"

#include <algorithm>

#include "embed/embedder.h"

namespace refrain::embed {
namespace {

using Words = std::vector<WordPiece::Word>;

const WordPiece::Word* lost(const Words& mine, const Words& theirs) {
  for (const WordPiece::Word& word : mine) {
    if (std::ranges::binary_search(theirs, word)) continue;
    if (!word.known || word.seen.empty()) return &word;
    // Sorted by what is seen: one folded as this one stands at its place.
    const auto twin = std::ranges::lower_bound(theirs, word.seen, {}, &WordPiece::Word::seen);
    if (twin != theirs.end() && twin->seen == word.seen) return &word;
  }
  return nullptr;
}

}  // namespace

std::string overlooked(const WordPiece& pieces, std::string_view a, std::string_view b) {
  const Words one = pieces.words(a);
  const Words other = pieces.words(b);
  const WordPiece::Word* word = lost(one, other);
  if (word == nullptr) word = lost(other, one);
  return word == nullptr ? std::string() : word->written;
}

std::string Embedder::overlooked(std::string_view, std::string_view) const { return {}; }

}  // namespace refrain::embed
