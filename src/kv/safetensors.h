#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

/// Headers of safetensors files from strangers: u64 length (little-endian), a JSON object of
/// tensors and free text, then raw data. Nothing is allocated by what a file claims. source
/// https://github.com/huggingface/safetensors (format).
namespace refrain::kv::safetensors {

struct Tensor {
  std::string name;
  std::string dtype;                 // "F32", "F16", "BF16", ...: one of the known ones
  std::vector<std::uint64_t> shape;  // slowest dimension first
  std::uint64_t begin = 0, end = 0;  // in the data, behind the header
};

struct Header {
  std::vector<Tensor> tensors{};  // in the order of their data
  std::vector<std::pair<std::string, std::string>> metadata{};

  const std::string* find(std::string_view key) const noexcept;
};

struct Limits {
  std::uint64_t header_bytes_max = std::uint64_t{16} << 20U;
  std::size_t tensors_max = 4096;
  std::size_t name_bytes_max = 256;
  std::size_t rank_max = 8;
  std::size_t metadata_max = 256;  // pairs
};

/// Bytes of the JSON text, from the first 8 bytes of a file.
/// Errors: corrupt (shorter than that, or than the file), too_large (header_bytes_max).
base::Result<std::uint64_t> header_bytes(std::string_view first8, std::uint64_t file_bytes,
                                         const Limits& limits = {});
/// text: the JSON. data_bytes: of the file behind it. The tensors fill the data exactly: no gap, no
/// overlap. Errors: corrupt (with name and place), too_large, unsupported (an unknown dtype).
base::Result<Header> parse(std::string_view text, std::uint64_t data_bytes,
                           const Limits& limits = {});
/// Length and JSON of a file with these tensors, padded by spaces so that data begins at a multiple
/// of 8. begin and end are set here, in the order given.
std::string write(Header& header);

/// Bytes of one number; 0 if the name is unknown.
std::uint64_t dtype_bytes(std::string_view dtype) noexcept;

}  // namespace refrain::kv::safetensors
