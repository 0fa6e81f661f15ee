// Text to tokens in the steps of BERT's own tokenizer: drop controls, put spaces around Han, fold
// (decompose, drop nonspacing marks, lower-case), cut at spaces and around punctuation, then take
// from each word the longest piece that the vocabulary has, and again from what is left. A word
// that cannot be covered is one unknown token.
//
// All steps before the pieces work on one code point, so they run in a single pass that builds one
// word at a time. Whether a point is a space or a cut is asked after folding, as the reference
// does.
#include "embed/wordpiece.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "embed/unicode.h"

namespace refrain::embed {

using llama::TokenId;

base::Result<WordPiece> WordPiece::make(std::span<const llama::VocabularyEntry> vocabulary,
                                        TokenId unknown, const Options& options) {
  if (unknown < 0 || static_cast<std::size_t>(unknown) >= vocabulary.size()) {
    return base::fail(base::Code::invalid, fmt::format("unknown token {} in a vocabulary of {}",
                                                       unknown, vocabulary.size()));
  }
  constexpr std::string_view kWordStart = "\xE2\x96\x81";  // U+2581
  WordPiece out;
  out.unknown_ = unknown;
  out.options_ = options;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    std::string_view text = vocabulary[i].text;
    const bool bracketed = text.size() > 2 && text.starts_with('[') && text.ends_with(']');
    if (vocabulary[i].special || bracketed || text.empty()) continue;
    const bool start = text.size() > kWordStart.size() && text.starts_with(kWordStart);
    if (start) text.remove_prefix(kWordStart.size());
    (start ? out.starts_ : out.continuations_).emplace(text, static_cast<TokenId>(i));
    out.piece_bytes_max_ = std::max(out.piece_bytes_max_, text.size());
  }
  return out;
}

// on_point gets each point of a word as it was written, on_part what it folds into, on_cut ends the
// word, if there is one.
template <class OnPoint, class OnPart, class OnCut>
void WordPiece::scan(std::string_view text, OnPoint on_point, OnPart on_part, OnCut on_cut) {
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = unicode::next(text, at);
    const bool line_end = point == '\t' || point == '\n' || point == '\r';
    if (point == unicode::kReplacement || (unicode::is_control(point) && !line_end)) continue;
    const unicode::Folded folded = unicode::fold(point);
    if (folded.count > 0 && unicode::is_space(folded.points[0])) {
      on_cut();
      continue;
    }
    const bool alone = unicode::is_cjk(point) ||
                       (folded.count > 0 && unicode::is_punctuation(folded.points[0]));
    if (alone) on_cut();
    on_point(point);
    for (std::size_t i = 0; i < folded.count; ++i) on_part(folded.points[i]);
    if (alone) on_cut();
  }
  on_cut();
}

std::vector<TokenId> WordPiece::ids(std::string_view text) const {
  std::vector<TokenId> out;
  std::string word;
  scan(
      text, [](char32_t) {}, [&](char32_t part) { unicode::append(word, part); },
      [&] {
        if (!word.empty()) add_word(word, out);
        word.clear();
      });
  return out;
}

std::vector<WordPiece::Word> WordPiece::words(std::string_view text) const {
  std::vector<Word> out;
  std::vector<TokenId> unused;
  Word word;
  scan(
      text,
      [&](char32_t point) {
        if (!unicode::is_variation(point)) unicode::append(word.written, unicode::lower(point));
      },
      [&](char32_t part) { unicode::append(word.seen, part); },
      [&] {
        if (word.written.empty()) return;
        word.known = word.seen.empty() || add_word(word.seen, unused);
        out.push_back(std::exchange(word, {}));
      });
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

bool WordPiece::add_word(std::string_view word, std::vector<TokenId>& out) const {
  const auto points = std::count_if(word.begin(), word.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  });
  const std::size_t before = out.size();
  std::string_view rest =
      static_cast<std::size_t>(points) > options_.word_points_max ? std::string_view() : word;
  while (!rest.empty()) {
    const Pieces& pieces = rest.size() == word.size() ? starts_ : continuations_;
    auto found = pieces.end();
    std::size_t length = std::min(rest.size(), piece_bytes_max_);
    // Bytes, not code points: a cut inside a code point is in no vocabulary.
    for (; length > 0; --length) {
      found = pieces.find(rest.substr(0, length));
      if (found != pieces.end()) break;
    }
    if (length == 0) break;
    out.push_back(found->second);
    rest.remove_prefix(length);
    if (rest.empty()) return true;
  }
  out.resize(before);
  out.push_back(unknown_);
  return false;
}

}  // namespace refrain::embed
