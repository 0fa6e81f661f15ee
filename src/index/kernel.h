#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace refrain::index {

/// The inner loops, once per instruction set. Pointers need no alignment.
struct Kernels {
  const char* name;
  /// Inner product of two rows of `dim` floats. Sums in another order per set: equal within 1e-6
  /// for unit rows.
  float (*f32)(const float* a, const float* b, std::size_t dim) noexcept;
  /// Inner product of two codes of `bytes` (a multiple of 64). The same on every set.
  std::int32_t (*i8)(const std::int8_t* a, const std::int8_t* b, std::size_t bytes) noexcept;
  /// Writes row / scale rounded to -127..127 into code and returns scale: max |row| / 127, or 0
  /// for a row of zeros.
  float (*quantise)(const float* row, std::size_t dim, std::int8_t* code) noexcept;
};

/// What this machine can run, slowest first; for tests and benchmarks.
std::vector<Kernels> kernels_here();

/// The best of them, chosen once at start.
extern const Kernels kernels;

}  // namespace refrain::index
