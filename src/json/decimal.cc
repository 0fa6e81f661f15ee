// Decimal normal form without arithmetic on the digits.
//
// Example: "-0012.3400e5" cannot be written in JSON, but "12.3400e5" can: head "12", tail "3400".
// Zeros at the end of the tail say nothing, so the tail is "34"; two digits behind the point make
// the exponent 5 - 2 = 3: 1234 * 10^3. Where no tail is left, zeros at the end of the head move
// into the exponent: "1200" is 12 * 10^2. Only lengths are added to the exponent, so 1e999999999
// costs as much as 1e9.
#include "json/decimal.h"

namespace refrain::json {
namespace {

// More digits could overflow once the lengths are added.
constexpr std::size_t kExponentDigitsMax = 17;

std::string_view without_leading_zeros(std::string_view text) {
  std::size_t first = text.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::size_t trailing_zeros(std::string_view text) {
  std::size_t last = text.find_last_not_of('0');
  return last == std::string_view::npos ? text.size() : text.size() - last - 1;
}

}  // namespace

Decimal decimal(std::string_view number) noexcept {
  Decimal value;
  if (!number.empty() && number.front() == '-') {
    value.negative = true;
    number.remove_prefix(1);
  }
  std::int64_t exponent = 0;
  if (std::size_t mark = number.find_first_of("eE"); mark != std::string_view::npos) {
    std::string_view text = number.substr(mark + 1);
    bool minus = !text.empty() && text.front() == '-';
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    text = without_leading_zeros(text);
    if (text.size() > kExponentDigitsMax) {
      value.bounded = false;
    } else {
      for (char c : text) exponent = exponent * 10 + (c - '0');
    }
    if (minus) exponent = -exponent;
    number = number.substr(0, mark);
  }
  std::size_t point = number.find('.');
  value.head = without_leading_zeros(number.substr(0, point));
  if (point != std::string_view::npos) value.tail = number.substr(point + 1);
  value.tail.remove_suffix(trailing_zeros(value.tail));
  if (value.tail.empty()) {
    std::size_t zeros = trailing_zeros(value.head);
    value.head.remove_suffix(zeros);
    exponent += static_cast<std::int64_t>(zeros);
  } else {
    exponent -= static_cast<std::int64_t>(value.tail.size());
    if (value.head.empty()) value.tail = without_leading_zeros(value.tail);
  }
  if (value.head.empty() && value.tail.empty()) return Decimal{};
  value.exponent = exponent;
  return value;
}

}  // namespace refrain::json
