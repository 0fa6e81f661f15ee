#include "json/value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "json/decimal.h"

namespace refrain::json {
namespace {

template <class T>
Number number_of(T value) {
  std::array<char, 32> text{};  // the longest double has 24 characters
  auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return Number{std::string(text.data(), end)};
}

// Adds one digit; false if the sum does not fit.
bool push_digit(std::uint64_t& sum, char digit) {
  auto value = static_cast<std::uint64_t>(digit - '0');
  if (sum > (std::numeric_limits<std::uint64_t>::max() - value) / 10) return false;
  sum = sum * 10 + value;
  return true;
}

}  // namespace

Value::Value(Array value) : data_(std::move(value)) {}
Value::Value(Object value) : data_(std::move(value)) {}

Value Value::of(std::int64_t value) { return number_of(value); }
Value Value::of(std::uint64_t value) { return number_of(value); }
Value Value::of(double value) {
  if (!std::isfinite(value)) return nullptr;
  return number_of(value);
}

std::string_view Value::kind() const noexcept {
  switch (data_.index()) {
    case 1: return "boolean";
    case 2: return "number";
    case 3: return "string";
    case 4: return "array";
    case 5: return "object";
    default: return "null";
  }
}

std::optional<std::int64_t> Value::as_int() const noexcept {
  const Number* written = number();
  if (written == nullptr) return std::nullopt;
  Decimal value = decimal(written->text);
  // Digits end in no zero: below exponent 0 it is no integer, and 19 digits are all that fit.
  if (!value.bounded || value.exponent < 0 || value.exponent > 19) return std::nullopt;
  std::uint64_t sum = 0;
  for (std::string_view digits : {value.head, value.tail}) {
    for (char digit : digits) {
      if (!push_digit(sum, digit)) return std::nullopt;
    }
  }
  for (std::int64_t i = 0; i < value.exponent; ++i) {
    if (!push_digit(sum, '0')) return std::nullopt;
  }
  auto positive_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (sum > positive_max + (value.negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(value.negative ? ~sum + 1 : sum);
}

std::optional<double> Value::as_double() const noexcept {
  const Number* written = number();
  if (written == nullptr) return std::nullopt;
  const std::string& text = written->text;
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc()) return value;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  // Too small is zero, too large is no double.
  Decimal exact = decimal(text);
  auto digits = static_cast<std::int64_t>(exact.head.size() + exact.tail.size());
  if (exact.bounded && exact.exponent + digits < 0) return exact.negative ? -0.0 : 0.0;
  return std::nullopt;
}

const Value* Value::find(std::string_view name) const noexcept {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

Value* Value::find(std::string_view name) noexcept {
  return const_cast<Value*>(std::as_const(*this).find(name));
}

std::string_view Value::text(std::string_view name) const noexcept {
  const Value* value = find(name);
  const std::string* found = value == nullptr ? nullptr : value->string();
  return found == nullptr ? std::string_view() : std::string_view(*found);
}

void Value::set(std::string_view name, Value value) {
  if (is_null()) data_ = Object();
  Object* members = object();
  CHECK(members != nullptr, "a member can be set in an object only");
  if (Value* there = find(name)) {
    *there = std::move(value);
  } else {
    members->push_back({std::string(name), std::move(value)});
  }
}

bool Value::remove(std::string_view name) {
  Object* members = object();
  if (members == nullptr) return false;
  return std::erase_if(*members, [&](const Member& member) { return member.name == name; }) > 0;
}

}  // namespace refrain::json
