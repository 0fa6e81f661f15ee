#pragma once

#include <string_view>

namespace refrain::base {

/// Prints place and reason on stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view why) noexcept;

}  // namespace refrain::base

// Stops the process on a programmer's error; on in release builds too.
#define CHECK(condition, why)                                             \
  do {                                                                    \
    if (!(condition)) [[unlikely]] {                                      \
      ::refrain::base::check_failed(__FILE__, __LINE__, #condition, why); \
    }                                                                     \
  } while (false)
