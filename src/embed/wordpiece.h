#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "llama/model.h"

namespace refrain::embed {

/// BERT's tokenizer for lower-cased text: the ids that Hugging Face's BertTokenizerFast gives,
/// without [CLS] and [SEP]. One difference is meant: "[SEP]" and its like in a text are text, so
/// that nobody can write control tokens into a prompt. Immutable. Threads: any.
class WordPiece {
 public:
  struct Options {
    std::size_t word_points_max = 100;  // longer words are unknown, as in the reference
  };

  /// vocabulary  by id, as llama::Model gives it.
  /// Errors: invalid (no unknown token).
  static base::Result<WordPiece> make(std::span<const llama::VocabularyEntry> vocabulary,
                                      llama::TokenId unknown, const Options& options);

  /// text: UTF-8; broken bytes are left out. Empty if the text holds nothing but white space,
  /// controls and marks. cost: one pass, about 0.1 microseconds a byte.
  std::vector<llama::TokenId> ids(std::string_view text) const;

  /// A word beside what is left of it for the model.
  struct Word {
    std::string seen;     // folded; "" if the word is marks alone
    std::string written;  // lower case, without controls and variation selectors
    bool known = true;    // false: the vocabulary cannot spell it
    auto operator<=>(const Word&) const = default;
  };
  /// The words of a text, each once, sorted.
  std::vector<Word> words(std::string_view text) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Pieces = std::unordered_map<std::string, llama::TokenId, Hash, std::equal_to<>>;

  WordPiece() = default;
  template <class OnPoint, class OnPart, class OnCut>
  static void scan(std::string_view text, OnPoint on_point, OnPart on_part, OnCut on_cut);
  /// False if the word is unknown.
  bool add_word(std::string_view word, std::vector<llama::TokenId>& out) const;

  Pieces starts_, continuations_;  // without their marks
  std::size_t piece_bytes_max_ = 0;
  llama::TokenId unknown_ = 0;
  Options options_;
};

}  // namespace refrain::embed
