#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "kv/block.h"
#include "kv/chain.h"
#include "kv/fingerprint.h"

/// Small KV that follows from its tokens, for tests of kv and of those above it.
namespace refrain::kv {

/// A model of two layers with two heads of four numbers.
inline Fingerprint small_model() {
  Fingerprint out;
  out.model = "tests/small";
  out.weights = "seed 7";
  out.weights_type = "F16";
  out.architecture = "llama";
  out.rope = "neox";
  out.rope_base = "10000";
  out.layers = 2;
  out.kv_heads = 2;
  out.key_dim = out.value_dim = 4;
  out.layout = "tests";
  return out;
}

inline std::vector<Token> tokens_from(Token first, std::size_t count) {
  std::vector<Token> out(count);
  std::iota(out.begin(), out.end(), first);
  return out;
}

/// Rows of small_model() for tokens [first, first + count) of a prompt; every byte follows from the
/// token, its place, the layer and the part.
struct SampleRows {
  std::vector<std::string> bytes;
  std::vector<Rows> layers;

  SampleRows(std::span<const Token> tokens, std::size_t first,
             const Fingerprint& print = small_model()) {
    const RowBytes row = *row_bytes(print);
    for (std::uint32_t i = 0; i < 2 * print.layers; ++i) {
      std::string section;
      const std::uint32_t length = i % 2 == 0 ? row.key : row.value;
      for (std::size_t t = 0; t < tokens.size(); ++t) {
        for (std::uint32_t b = 0; b < length; ++b) {
          const std::uint64_t mix =
              static_cast<std::uint64_t>(tokens[t]) * 31 + (first + t) * 7 + i * 101 + b * 3;
          section += static_cast<char>(mix & 0x7fU);
        }
      }
      bytes.push_back(std::move(section));
    }
    for (std::uint32_t i = 0; i < print.layers; ++i)
      layers.push_back({bytes[2 * i], bytes[2 * i + 1]});
  }
  SampleRows(const SampleRows&) = delete;
  SampleRows& operator=(const SampleRows&) = delete;
};

/// The head of a block of small_model(), with sections of the right sizes.
inline BlockHead sample_head(const base::Digest& parent, std::span<const Token> tokens,
                             std::size_t first, const Fingerprint& print = small_model()) {
  BlockHead head;
  head.parent = parent;
  head.hash = next(parent, tokens);
  head.fingerprint = digest(print);
  head.tokens.assign(tokens.begin(), tokens.end());
  head.positions.resize(tokens.size());
  std::iota(head.positions.begin(), head.positions.end(), static_cast<std::int32_t>(first));
  const RowBytes row = *row_bytes(print);
  for (std::uint32_t i = 0; i < print.layers; ++i) {
    head.sections.push_back({print.key_type, row.key, 0, 0});
    head.sections.push_back({print.value_type, row.value, 0, 0});
  }
  return head;
}

inline std::string sample_block(const base::Digest& parent, std::span<const Token> tokens,
                                std::size_t first) {
  SampleRows rows(tokens, first);
  return *encode_block(sample_head(parent, tokens, first), rows.layers);
}

}  // namespace refrain::kv
