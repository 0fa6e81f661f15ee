#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "llama/model.h"
#include "llama/rows.h"

struct llama_context;

namespace refrain::llama {

using SequenceId = std::int32_t;

/// Positions from (inclusive) to (exclusive).
struct Range {
  std::int32_t from = 0;
  std::int32_t to = std::numeric_limits<std::int32_t>::max();
};

/// The cells and the graph of one model: sequences of tokens, which may share cells. Sequences are
/// 0 to Options::sequences - 1. Threads: one at a time.
class Context {
 public:
  struct Options {
    std::size_t cells = 4096;       // of all sequences together; a shared cell counts once
    std::size_t sequences = 16;     // at most 255: one of llama.cpp's 256 is kept for restoring
    std::size_t batch_tokens = 512;   // of one decode
    std::size_t ubatch_tokens = 512;  // of one graph
    std::size_t threads = 0;          // 0: all cores
  };
  enum class Output : std::uint8_t { none, logits };
  struct Token {
    TokenId id = 0;
    std::int32_t position = 0;
    SequenceId sequence = 0;
    Output output = Output::none;
  };

  /// Errors: invalid (options), unsupported (a model that cannot generate), internal.
  static base::Result<std::unique_ptr<Context>> open(std::shared_ptr<const Model> model,
                                                     const Options& options);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Computes the tokens' cells. tokens: positions of a sequence follow its last one without a
  /// gap; logits of at most one per sequence. Errors: busy (not enough free cells; nothing has
  /// changed), invalid (positions), internal.
  base::Result<> decode(std::span<const Token> tokens);
  /// Of the token at that place of the last decode, which asked for them. [vocabulary]
  std::span<const float> logits(std::size_t place) const;

  /// False where the model's memory cannot give up a part of a sequence; a whole one always goes.
  bool remove(SequenceId sequence, Range range = {});
  /// The cells of `from` in the range belong to `to` as well: no bytes are copied.
  void share(SequenceId from, SequenceId to, Range range = {});
  /// -1: the sequence is empty.
  std::int32_t last_position(SequenceId sequence) const;
  void clear();

  /// Known after learn_layout().
  const RowLayout& layout() const noexcept { return layout_; }
  /// Reads the layout off a sequence that holds at least one token. Errors: as read_layout.
  base::Result<> learn_layout(SequenceId sequence);
  /// The rows of a range of positions that the sequence holds. cost: two copies of the rows.
  base::Result<Rows> take_rows(SequenceId sequence, Range range);
  /// Adds cells with these rows to the sequence. parts: consecutive positions, in order, none of
  /// which the sequence holds. Errors: busy (not enough free cells, or llama.cpp refuses the rows;
  /// nothing has changed). cost: two copies of the rows.
  base::Result<> put_rows(SequenceId sequence, std::span<const RowsPart> parts);

  /// llama.cpp rounds what was asked for up.
  std::size_t cells() const noexcept;
  const Options& options() const noexcept { return options_; }
  const std::shared_ptr<const Model>& model() const noexcept { return model_; }
  llama_context* raw() const noexcept { return context_; }

 private:
  struct Batch;
  Context(std::shared_ptr<const Model> model, const Options& options);

  std::shared_ptr<const Model> model_;
  const Options options_;
  const SequenceId scratch_;  // the last sequence: states go in and out through it
  llama_context* context_ = nullptr;
  std::unique_ptr<Batch> batch_;
  RowLayout layout_;
  std::string state_;  // reused: states are large
};

}  // namespace refrain::llama
