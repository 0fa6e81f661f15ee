#pragma once

#include <cstdint>
#include <string_view>

namespace refrain::json {

/// The exact value of a number's text: (-1)^negative * digits * 10^exponent, where digits is head
/// followed by tail read as one integer. Neither starts nor ends with a zero together, so that two
/// texts of one value give the same digits and exponent. Zero has no digits, exponent 0 and no
/// sign.
struct Decimal {
  bool negative = false;
  std::string_view head, tail;  // views into the text
  std::int64_t exponent = 0;
  /// False if the exponent's own text is too long to be summed up (over 17 digits); nothing else
  /// is valid then.
  bool bounded = true;
};

/// number: valid by RFC 8259 section 6. cost: one pass, no allocation, whatever the exponent is.
Decimal decimal(std::string_view number) noexcept;

}  // namespace refrain::json
