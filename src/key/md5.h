#pragma once

#include <string>
#include <string_view>

namespace refrain::key {

/// 32 lower-case hexadecimal digits of MD5: for names that another system makes so, never for
/// security.
std::string md5_hex(std::string_view bytes);

}  // namespace refrain::key
