#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::llama {

/// What one token's K and V look like in the cache, layer by layer. Two caches with equal layouts
/// can exchange rows; whether the rows mean the same is for the model's fingerprint to say.
struct RowLayout {
  struct Layer {
    std::int32_t k_type = 0, v_type = 0;  // ggml's types
    std::uint64_t k_bytes = 0, v_bytes = 0;
    bool operator==(const Layer&) const = default;
  };
  std::vector<Layer> layers;

  std::size_t bytes_per_token() const noexcept;
  bool operator==(const RowLayout&) const = default;
};

/// K and V of consecutive positions. K is as the cache holds it: after RoPE, at its position.
/// bytes: for each layer, K rows of all tokens, then V rows of all tokens.
struct Rows {
  std::int32_t first = 0;  // position of the first token
  std::size_t tokens = 0;
  std::string bytes;

  /// The rows of one layer. layout: the one these rows were made with.
  std::string_view k(const RowLayout& layout, std::size_t layer) const noexcept;
  std::string_view v(const RowLayout& layout, std::size_t layer) const noexcept;
};

/// Some tokens of some rows: the pieces a longer run of positions is put together from.
struct RowsPart {
  std::shared_ptr<const Rows> rows;
  std::size_t from = 0, tokens = 0;  // within rows
};

/// The layout of a serialised sequence state (llama_state_seq_get_data, flags 0).
/// Errors: unsupported (another format than the pinned llama.cpp writes: magic, streams, V
/// transposed, trailing bytes), corrupt (truncated, counts beyond the bytes).
base::Result<RowLayout> read_layout(std::string_view state);

/// All rows of a state; its cells may be in any order but must hold consecutive positions.
/// Errors: as read_layout; unsupported if its layout is not `layout`.
base::Result<Rows> read_state(std::string_view state, const RowLayout& layout);

/// Bytes of a state of so many tokens.
std::size_t state_bytes(const RowLayout& layout, std::size_t tokens) noexcept;

/// Writes the state that llama_state_seq_set_data reads. parts: consecutive positions, in order.
/// out: its memory is used again. cost: one copy of the rows.
void write_state(const RowLayout& layout, std::span<const RowsPart> parts, std::string& out);

}  // namespace refrain::llama
