#include "kv/dtype.h"

#include <iterator>

namespace refrain::kv {
namespace {

struct Row {
  Dtype type;
  std::string_view name;
  std::uint32_t bytes;
};

constexpr Row kRows[] = {{Dtype::f32, "F32", 4},
                         {Dtype::f16, "F16", 2},
                         {Dtype::bf16, "BF16", 2},
                         {Dtype::q8_0, "Q8_0", 0},
                         {Dtype::q4_0, "Q4_0", 0}};

}  // namespace

std::string_view name(Dtype type) noexcept { return kRows[static_cast<std::size_t>(type)].name; }

std::optional<Dtype> parse_dtype(std::string_view name) noexcept {
  for (const Row& row : kRows) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

std::optional<Dtype> dtype_of(std::uint8_t number) noexcept {
  if (number >= std::size(kRows)) return std::nullopt;
  return kRows[number].type;
}

std::uint32_t bytes_of(Dtype type) noexcept { return kRows[static_cast<std::size_t>(type)].bytes; }

}  // namespace refrain::kv
