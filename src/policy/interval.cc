#include "policy/interval.h"

#include <algorithm>
#include <cmath>

namespace refrain::policy {

Interval interval(std::uint64_t wrong, std::uint64_t of) noexcept {
  if (of == 0) {
    return {};
  }
  constexpr double kZ = 1.959963984540054;  // of 95 %
  const auto n = static_cast<double>(of);
  const double seen = static_cast<double>(std::min(wrong, of)) / n;
  const double middle = seen + kZ * kZ / (2 * n);
  const double spread = kZ * std::sqrt(seen * (1 - seen) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  return {seen, std::max(0.0, (middle - spread) / scale), std::min(1.0, (middle + spread) / scale)};
}

}  // namespace refrain::policy
