#pragma once

#include <cstdint>
#include <stop_token>

#include "base/clock.h"

namespace refrain::base {

/// Limits of one piece of work; first parameter of everything that may block.
struct Call {
  Instant deadline = Instant::max();
  std::stop_token stop{};
  std::uint64_t trace = 0;  // number of the request in logs and explain
};

}  // namespace refrain::base
