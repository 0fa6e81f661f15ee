#pragma once

#include <cstdint>

namespace refrain::policy {

/// A share that was seen, and where the true one lies with 95 %.
struct Interval {
  double seen = 0, low = 0, high = 1;  // 0..1
};
/// wrong <= of. Without observations nothing is known: 0, between 0 and 1.
/// source  Wilson 1927: unlike the normal interval it means something after three observations.
Interval interval(std::uint64_t wrong, std::uint64_t of) noexcept;

}  // namespace refrain::policy
