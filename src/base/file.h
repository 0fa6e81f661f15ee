#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace refrain::base {

/// All bytes of a file, or of a pipe up to its end.
/// Errors: io ("path: is a directory", with the system's reason), too_large (over bytes_max).
Result<std::string> read_file(const std::string& path,
                              std::uint64_t bytes_max = std::uint64_t{4} << 30);

}  // namespace refrain::base
