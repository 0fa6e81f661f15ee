#pragma once

#include <string>
#include <string_view>

namespace refrain::key {

/// 64 lower-case hexadecimal digits of SHA-256: for what must stand for its bytes, also when
/// somebody would like two contents to be one.
std::string sha256_hex(std::string_view bytes);

}  // namespace refrain::key
