#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace refrain::engine {

/// Bytes at the end that begin a character which is not there yet: 0 to 3.
std::size_t unfinished(std::string_view bytes) noexcept;

/// Valid UTF-8: what is none becomes U+FFFD.
std::string readable(std::string_view bytes);

}  // namespace refrain::engine
