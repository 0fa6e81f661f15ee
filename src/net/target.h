#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace refrain::net {

/// The parts of a request target.
struct Target {
  std::string path;   // percent-decoded, starts with '/' or is "*"
  std::string query;  // raw
};

/// Splits a request target in origin form ("/a?b"), absolute form ("http://host/a?b") or "*".
/// returns nullopt for any other form, a bad percent escape in the path, or a NUL in it.
/// source  RFC 9112, section 3.2.
std::optional<Target> split_target(std::string_view target);

}  // namespace refrain::net
