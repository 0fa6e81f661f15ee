#pragma once

#include <array>
#include <cstdint>
#include <span>

/// The Unicode facts that the tokenizer needs, as tools/unicode/tables.py writes them. Every table
/// is sorted by its first column.
namespace refrain::embed::unicode {

struct Range {
  char32_t first, last;  // both belong to it
};

/// first + k * step becomes target + k * slope, up to last.
struct FoldRun {
  char32_t first, last;
  std::uint8_t step;
  char32_t target;
  std::uint8_t slope;
};

struct FoldPair {
  char32_t from, to;
};

struct FoldSeveral {
  char32_t from;
  std::array<char32_t, 3> to;  // 0 after the last
};

std::span<const Range> control() noexcept;      // categories Cc, Cf, Co
std::span<const Range> nonspacing() noexcept;   // category Mn
std::span<const Range> punctuation() noexcept;  // categories P*
std::span<const FoldRun> fold_runs() noexcept;
std::span<const FoldPair> fold_pairs() noexcept;
std::span<const FoldSeveral> fold_several() noexcept;

}  // namespace refrain::embed::unicode
