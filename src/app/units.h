#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace refrain::app {

/// "64MiB", "1.5GiB", "100" (bytes). Errors: invalid.
base::Result<std::uint64_t> parse_bytes(std::string_view text);
/// "500ms", "10s", "5m", "2h", "30d", "10" (seconds). Errors: invalid.
base::Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace refrain::app
