#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace refrain::api {

/// The value of the first parameter of that name in a raw query ("a=1&b=x%20y"), with escapes and
/// '+' decoded; nullopt if there is none. An escape that is none stays as it is.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace refrain::api
