#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"

/// Names of blocks. A block is named by its tokens and by the name of the block before it, so one
/// name stands for a whole beginning. docs/formats/kv_block_hash.md has the bytes and test vectors.
namespace refrain::kv {

using Token = std::int32_t;

/// Exact and approximate KV never meet: provenance is part of every name.
enum class Provenance : std::uint8_t {
  exact = 0,     // what a full prefill of these tokens gives, up to rounding
  repaired = 1,  // partly recomputed over other KV
  borrowed = 2   // of similar tokens
};
std::string_view name(Provenance provenance) noexcept;

/// Within one space equal tokens are the same block; two spaces never share.
struct Space {
  std::string tenant{};
  base::Digest fingerprint{};  // digest(Fingerprint)
  Provenance provenance = Provenance::exact;
  /// Of approximate KV: the object it belongs to, so that it is never taken for another's. Else 0.
  std::uint64_t object = 0;

  bool operator==(const Space&) const = default;
};

/// The name before the first block of a space.
base::Digest root(const Space& space);
/// The name of the block of these tokens behind `parent`. tokens: not empty.
base::Digest next(const base::Digest& parent, std::span<const Token> tokens);
/// The names of all blocks of a prompt; the last one may have fewer tokens. block_tokens > 0.
std::vector<base::Digest> chain(const Space& space, std::span<const Token> tokens,
                                std::size_t block_tokens);

}  // namespace refrain::kv
