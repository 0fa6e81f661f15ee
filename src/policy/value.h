#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace refrain::policy {

/// What is known of a durable entry when room is needed.
struct EntryFacts {
  base::WallTime stored{}, used{}, now{};
  std::uint64_t hits = 0;
  std::chrono::microseconds cost{0};  // time the generation took; 0: not known
  std::uint64_t bytes = 1;            // > 0
};

/// Seconds of generation that a byte of this entry is expected to save per hour: how often it was
/// asked for, fading while nobody asks, times what an answer costs, over its size. The entries of
/// least value go first. Pure; finite and > 0; grows with hits and cost, falls with bytes and with
/// the time since the last use.
/// source  GreedyDual-Size-Frequency (Cherkasova 1998), with a half-life in place of its clock.
double value(const EntryFacts& facts) noexcept;

}  // namespace refrain::policy
