#include "app/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace refrain::app {

using base::Code;
using base::fail;
using base::Result;

namespace {

Result<double> parse_number(std::string_view text, std::string_view& unit) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0) {
    return fail(Code::invalid, "a number is wanted");
  }
  unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 9> kUnits = {
      {{"", 1},
       {"B", 1},
       {"KB", 1e3},
       {"MB", 1e6},
       {"GB", 1e9},
       {"KiB", 1024.0},
       {"MiB", 1048576.0},
       {"GiB", 1073741824.0},
       {"TiB", 1099511627776.0}}};
  std::string_view unit;
  Result<double> number = parse_number(text, unit);
  for (const auto& [name, factor] : kUnits) {
    if (number && unit == name && *number * factor < 1e18) {
      return static_cast<std::uint64_t>(*number * factor);
    }
  }
  return fail(Code::invalid, "a size such as 64MiB, 8GiB or 1000");
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 6> kUnits = {
      {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};
  std::string_view unit;
  Result<double> number = parse_number(text, unit);
  for (const auto& [name, factor] : kUnits) {
    if (number && unit == name && *number * factor < 1e14) {
      return std::chrono::milliseconds(static_cast<std::int64_t>(*number * factor));
    }
  }
  return fail(Code::invalid, "a duration such as 500ms, 10s, 5m, 2h or 30d");
}

}  // namespace refrain::app
