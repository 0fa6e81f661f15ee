#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "kv/dtype.h"

namespace refrain::kv {

/// What must be equal for the KV of one model to be used by another process: KV of another
/// fingerprint is never found. Texts are free, without line ends; "" is not known. The engine that
/// runs the model fills it in; layout and engine are its to choose, the same for the same bytes.
/// source  field/kv-reuse.md, d.10, as far as it applies to KV of given token ids.
struct Fingerprint {
  std::string model{};             // name for people and for names of objects: "Qwen/Qwen2.5-0.5B"
  std::string weights{};           // digest of the weights or their revision
  std::string weights_type{};      // quantisation: "F16", "Q4_0"
  std::string architecture{};      // "llama"
  std::string tokenizer{};         // digest of vocabulary and merges
  std::string adapters{};          // LoRA ids and scales; "" is none
  std::string attention = "full";  // "full", "window:4096"
  std::string rope{};              // "norm", "neox", "none"
  std::string rope_base{};         // as decimal text: "10000"
  std::string rope_scaling{};      // "" is none; "linear:4", "yarn:..."
  std::uint32_t rope_dim = 0;      // rotated numbers of a key head; 0: all
  std::uint32_t layers = 0;        // that own KV
  std::uint32_t kv_heads = 0;
  std::uint32_t key_dim = 0;    // numbers of one key head
  std::uint32_t value_dim = 0;  // numbers of one value head
  Dtype key_type = Dtype::f16;
  Dtype value_type = Dtype::f16;
  bool keys_rotated = true;  // positions are in the keys already
  std::string layout{};      // order of numbers in a row: "llama.cpp", "transformers"
  std::string engine{};      // who computed it: "llama.cpp 0.3.36"

  bool operator==(const Fingerprint&) const = default;
};

/// One line `name=value` per field, in the order above: what the digest is taken of, and what is
/// stored. docs/formats/kv_object.md.
std::string text(const Fingerprint& fingerprint);
/// Reads what text() wrote. Errors: corrupt, with the line.
base::Result<Fingerprint> parse_fingerprint(std::string_view text);
/// Names the fingerprint: 128 bits of XXH3 over text().
base::Digest digest(const Fingerprint& fingerprint);
/// The first field in which they differ, as "rope_base is 10000, wanted 500000"; "" if none.
std::string difference(const Fingerprint& found, const Fingerprint& wanted);

/// Bytes of one token's keys and of its values in one layer. Errors: invalid (a packed type whose
/// row is not whole blocks, or more than 1 GiB).
struct RowBytes {
  std::uint32_t key = 0;
  std::uint32_t value = 0;
};
base::Result<RowBytes> row_bytes(const Fingerprint& fingerprint);

}  // namespace refrain::kv
