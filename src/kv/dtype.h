#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace refrain::kv {

/// Type of the numbers in a section. The values are written to files.
enum class Dtype : std::uint8_t { f32 = 0, f16 = 1, bf16 = 2, q8_0 = 3, q4_0 = 4 };

/// As safetensors spells it: "F32", "F16", "BF16"; "Q8_0", "Q4_0" for llama.cpp's blocks.
std::string_view name(Dtype type) noexcept;
std::optional<Dtype> parse_dtype(std::string_view name) noexcept;
/// The type of that number in a file.
std::optional<Dtype> dtype_of(std::uint8_t number) noexcept;
/// Bytes of one number; 0 for types that are packed in blocks.
std::uint32_t bytes_of(Dtype type) noexcept;

}  // namespace refrain::kv
