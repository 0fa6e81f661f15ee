#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct llama_model;

namespace refrain::llama {

using TokenId = std::int32_t;

struct VocabularyEntry {
  std::string text;      // as the file has it: WordPiece in "phantom space" form (U+2581 x, x)
  bool special = false;  // control, unknown or unused: never the text of a word
};

/// Weights and vocabulary of one GGUF file. Immutable. Threads: any.
class Model {
 public:
  struct Facts {
    std::string name;          // general.name, or the file's stem
    std::string architecture;  // "bert"
    std::string tokenizer;     // "bert" is WordPiece
    std::size_t dim = 0;       // of an embedding
    std::size_t tokens_max = 0;
    TokenId unknown = -1, begin = -1, separator = -1;  // -1: the model has none
    bool generates = false;          // has a vocabulary and a causal decoder
    std::string why_no_prefixes{};   // "": a part of a sequence can be kept; else the reason
    std::size_t layers = 0, heads = 0, kv_heads = 0, vocabulary = 0;
    std::uint64_t bytes = 0, parameters = 0;  // of all tensors
    std::string quantisation{};      // "Q8_0", "all F32"
  };

  /// Maps the file; some tens of milliseconds for 25 MB.
  /// Errors: not_found (no such file), corrupt (no GGUF, or damaged), unsupported (no model that
  /// llama.cpp can load); the sentence begins "model FILE: ".
  static base::Result<std::shared_ptr<const Model>> load(const std::string& file);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const Facts& facts() const noexcept { return facts_; }
  /// By token id.
  std::vector<VocabularyEntry> vocabulary() const;
  /// llama.cpp's own object, for this room.
  llama_model* raw() const noexcept { return model_; }

 private:
  explicit Model(llama_model* model) : model_(model) {}

  llama_model* model_;
  Facts facts_;
};

}  // namespace refrain::llama
