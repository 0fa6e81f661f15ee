#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace refrain::base {

/// Causes of failure, never operations. The list is closed at twelve: api/status.cc maps it to
/// HTTP, cli/exit.cc to exit statuses.
enum class Code : std::uint8_t {
  invalid,
  not_found,
  conflict,
  too_large,
  deadline,
  cancelled,
  busy,
  unavailable,
  io,
  corrupt,
  unsupported,
  internal
};

/// The code's own name, such as "too_large".
std::string_view name(Code code) noexcept;

/// A cause and a sentence that holds the offending value.
struct [[nodiscard]] Error {
  Code code = Code::internal;
  std::string what;
};

/// A value or the cause of its absence. Derived only because GCC 12's std::expected is not
/// nodiscard: a dropped error would compile without a word.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
  using Base = std::expected<T, Error>;

 public:
  using Base::Base;
};

inline std::unexpected<Error> fail(Code code, std::string what) {
  return std::unexpected(Error{code, std::move(what)});
}

}  // namespace refrain::base

// Binds `name` to the value of `expr`, or returns its error to the caller.
#define TRY(name, expr)                                       \
  auto name##_result = (expr);                                \
  if (!name##_result) {                                       \
    return std::unexpected(std::move(name##_result).error()); \
  }                                                           \
  auto& name = *name##_result /* NOLINT(bugprone-macro-parentheses) */

// The same for a result without a value.
#define TRY_DO(expr)                                            \
  do {                                                          \
    auto try_do_result = (expr);                                \
    if (!try_do_result) {                                       \
      return std::unexpected(std::move(try_do_result).error()); \
    }                                                           \
  } while (false)
