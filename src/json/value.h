#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace refrain::json {

struct Member;
class Value;
using Array = std::vector<Value>;
/// Members in the order of the text; names are unique unless Duplicates::keep_last was asked for,
/// and then too, as only the last one is kept.
using Object = std::vector<Member>;

/// A number as it was written, so that no digit is lost between client and model.
struct Number {
  std::string text;  // valid by RFC 8259 section 6
  bool operator==(const Number&) const = default;
};

/// One JSON value (RFC 8259). Strings are valid UTF-8.
class Value {
 public:
  Value() noexcept;  // null
  Value(std::nullptr_t) noexcept;
  Value(bool value) noexcept;
  Value(Number value);
  Value(std::string value);
  Value(std::string_view value);
  Value(const char* value);
  Value(Array value);
  Value(Object value);
  static Value of(std::int64_t value);
  static Value of(std::uint64_t value);
  /// Shortest text that reads back as the same double; not-a-number and infinities become null.
  static Value of(double value);

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(data_); }
  bool is_object() const noexcept { return std::holds_alternative<Object>(data_); }
  bool is_array() const noexcept { return std::holds_alternative<Array>(data_); }
  bool is_string() const noexcept { return std::holds_alternative<std::string>(data_); }
  bool is_number() const noexcept { return std::holds_alternative<Number>(data_); }
  bool is_bool() const noexcept { return std::holds_alternative<bool>(data_); }
  /// "null", "boolean", "number", "string", "array" or "object"; for error sentences.
  std::string_view kind() const noexcept;

  // Null if the value is of another kind. Pointers live as long as the value is not changed.
  const Object* object() const noexcept { return std::get_if<Object>(&data_); }
  const Array* array() const noexcept { return std::get_if<Array>(&data_); }
  const std::string* string() const noexcept { return std::get_if<std::string>(&data_); }
  const Number* number() const noexcept { return std::get_if<Number>(&data_); }
  const bool* boolean() const noexcept { return std::get_if<bool>(&data_); }
  Object* object() noexcept { return std::get_if<Object>(&data_); }
  Array* array() noexcept { return std::get_if<Array>(&data_); }
  std::string* string() noexcept { return std::get_if<std::string>(&data_); }

  /// Exact integer of the number (1, 1.0 and 1e0 are 1); nullopt if it is none or does not fit.
  std::optional<std::int64_t> as_int() const noexcept;
  /// Nearest double; too small is 0, too large for a double is nullopt.
  std::optional<double> as_double() const noexcept;

  /// The member of that name, or null; null too if this is no object.
  const Value* find(std::string_view name) const noexcept;
  Value* find(std::string_view name) noexcept;
  /// The string member of that name; "" if absent or of another kind.
  std::string_view text(std::string_view name) const noexcept;
  /// Sets or adds a member. The value must be an object or null (which becomes one).
  void set(std::string_view name, Value value);
  /// Removes the member; true if it was there.
  bool remove(std::string_view name);

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, Number, std::string, Array, Object> data_;
};

struct Member {
  std::string name;
  Value value;
  bool operator==(const Member&) const = default;
};

// Here, because the variant's arrays need Member to be whole.
inline Value::Value() noexcept = default;
inline Value::Value(std::nullptr_t) noexcept {}
inline Value::Value(bool value) noexcept : data_(value) {}
inline Value::Value(Number value) : data_(std::move(value)) {}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(std::string_view value) : data_(std::string(value)) {}
inline Value::Value(const char* value) : data_(std::string(value)) {}

enum class Duplicates : std::uint8_t { refuse, keep_last };

struct Limits {
  std::size_t depth_max = 64;
  Duplicates duplicates = Duplicates::refuse;
};

/// Reads exactly one JSON text with white space around it.
/// Errors: invalid ("JSON: <reason> at byte <n>": syntax, bad UTF-8, lone surrogate, a name twice,
/// an exponent beyond 32 bits), too_large (deeper than depth_max). cost: one pass. Threads: any.
/// Numbers of any length are kept; RFC 8259 leaves the range of exponents to the reader.
base::Result<Value> parse(std::string_view text, const Limits& limits = {});

/// Appends the value as compact JSON. Numbers keep their text.
void write(const Value& value, std::string& out);
std::string write(const Value& value);
/// Appends text as a JSON string with quotes. text: valid UTF-8.
void quote(std::string_view text, std::string& out);

}  // namespace refrain::json
