#include "base/result.h"

#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace refrain::base {

std::string_view name(Code code) noexcept {
  switch (code) {
    case Code::invalid: return "invalid";
    case Code::not_found: return "not_found";
    case Code::conflict: return "conflict";
    case Code::too_large: return "too_large";
    case Code::deadline: return "deadline";
    case Code::cancelled: return "cancelled";
    case Code::busy: return "busy";
    case Code::unavailable: return "unavailable";
    case Code::io: return "io";
    case Code::corrupt: return "corrupt";
    case Code::unsupported: return "unsupported";
    case Code::internal: return "internal";
  }
  return "internal";
}

void check_failed(const char* file, int line, const char* condition,
                  std::string_view why) noexcept {
  std::fprintf(stderr, "%s:%d: check failed: %s: %.*s\n", file, line, condition,
               static_cast<int>(why.size()), why.data());
  std::abort();
}

}  // namespace refrain::base
