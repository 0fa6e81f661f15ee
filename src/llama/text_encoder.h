#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.h"
#include "llama/model.h"

struct llama_context;

namespace refrain::llama {

/// Sequences of token ids to unit vectors, on the calling thread alone. Threads: one at a time.
class TextEncoder {
 public:
  struct Options {
    std::size_t tokens_max = 256;    // of one call, all sequences together
    std::size_t sequences_max = 15;  // of one call, at most 255
    /// Calls of at least so many tokens use flash attention, whose kernel pays from 64 queries on;
    /// shorter ones among them are padded to 64. See docs/design/embed.md.
    std::size_t flash_tokens_min = 50;
  };

  /// Errors: invalid (options beyond the model), internal (llama.cpp gives no context).
  static base::Result<std::unique_ptr<TextEncoder>> open(std::shared_ptr<const Model> model,
                                                         const Options& options);
  ~TextEncoder();
  TextEncoder(const TextEncoder&) = delete;
  TextEncoder& operator=(const TextEncoder&) = delete;

  /// sequences  ids with the model's begin and separator tokens, none empty.
  /// out        [sequences.size(), dim]: the pooled vector of each, of length one.
  /// Errors: invalid (counts), internal. cost: see docs/design/embed.md.
  base::Result<> encode(std::span<const std::span<const TokenId>> sequences, std::span<float> out);

 private:
  struct Batch;
  TextEncoder(std::shared_ptr<const Model> model, const Options& options);
  base::Result<> run(llama_context* context, std::size_t sequences, std::span<float> out);

  std::shared_ptr<const Model> model_;
  const Options options_;
  llama_context* plain_ = nullptr;
  llama_context* flash_ = nullptr;
  std::unique_ptr<Batch> batch_;
};

}  // namespace refrain::llama
