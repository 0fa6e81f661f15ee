#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kv/fingerprint.h"
#include "kv/object.h"
#include "kv/safetensors.h"

/// The reference layout: tensors k_<layer> and v_<layer>, each [1, kv_heads, tokens, head_dim], and
/// in the metadata what they are of. docs/formats/kv_object.md lists the keys.
namespace refrain::kv {

/// What a file of the reference layout holds, found from its header alone.
struct Contents {
  std::uint32_t layers = 0, kv_heads = 0, key_dim = 0, value_dim = 0;
  std::uint64_t tokens = 0;
  Dtype key_type = Dtype::f32, value_type = Dtype::f32;
  /// Where layer l's keys and values begin in the data: [2 l] and [2 l + 1].
  std::vector<std::uint64_t> begins{};
  std::string model{};  // "" if the file does not say
  std::string text{};
  Provenance provenance = Provenance::exact;
  std::vector<std::string> lineage{};
  // Both or neither: then it can be kept in blocks.
  std::optional<Fingerprint> fingerprint{};
  std::vector<Token> token_ids{};
  std::vector<std::pair<std::string, std::string>> labels{};  // other metadata
};

/// Errors: invalid, with what does not fit: missing layers, tensors of other shapes or types,
/// metadata that contradicts them.
base::Result<Contents> contents_of(const safetensors::Header& header);

/// The header that an object of blocks goes out with when it did not come as a file.
/// Errors: unsupported (types that safetensors lacks).
base::Result<safetensors::Header> header_of(const Manifest& manifest);

/// Rows of tokens [first, first + count) from one tensor's bytes for those tokens, head by head:
/// from [heads][count][bytes] to [count][heads][bytes]. bytes: of one head of one token.
void to_rows(std::string_view heads_first, std::size_t heads, std::size_t bytes, std::string& out);

/// "" if a file with these contents fits a model that is served under its name, else the reason.
std::string misfit(const Contents& contents, const Fingerprint& served);

}  // namespace refrain::kv
