#include "cli/exit.h"

#include <cstdio>

#include "json/value.h"

namespace refrain::cli {

int exit_status(base::Code code) noexcept {
  switch (code) {
    case base::Code::invalid:
    case base::Code::unsupported: return 2;
    case base::Code::not_found: return 3;
    case base::Code::unavailable:
    case base::Code::deadline: return 4;
    default: return 1;
  }
}

int report(const base::Error& error, bool json) {
  if (json) {
    json::Value inner;
    inner.set("message", error.what);
    inner.set("code", base::name(error.code));
    json::Value out;
    out.set("error", std::move(inner));
    std::printf("%s\n", json::write(out).c_str());
  } else {
    std::fprintf(stderr, "refrain: %s\n", error.what.c_str());
  }
  return exit_status(error.code);
}

}  // namespace refrain::cli
