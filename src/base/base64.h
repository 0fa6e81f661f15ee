#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace refrain::base {

/// RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);
/// nullopt: not base64 (a foreign character, a length that is no multiple of 4, padding within).
std::optional<std::string> from_base64(std::string_view text);
/// base64 of the bytes of both, one after the other. A piece that is no base64 of its own (a text
/// that was cut anywhere) is put behind as it is.
std::string join_base64(std::string_view first, std::string_view second);

}  // namespace refrain::base
