#include "api/status.h"

namespace refrain::api {

int http_status(base::Code code) noexcept {
  switch (code) {
    case base::Code::invalid: return 400;
    case base::Code::not_found: return 404;
    case base::Code::conflict: return 409;
    case base::Code::too_large: return 413;
    case base::Code::deadline: return 504;
    case base::Code::cancelled: return 499;
    case base::Code::busy: return 503;
    case base::Code::unavailable: return 502;
    case base::Code::io: return 502;
    case base::Code::corrupt: return 500;
    case base::Code::unsupported: return 400;
    case base::Code::internal: return 500;
  }
  return 500;
}

base::Code cause_of(int status) noexcept {
  switch (status) {
    case 404: return base::Code::not_found;
    case 405:
    case 501:
    case 505: return base::Code::unsupported;
    case 408: return base::Code::deadline;
    case 413:
    case 431: return base::Code::too_large;
    case 503: return base::Code::busy;
    default: return status < 500 ? base::Code::invalid : base::Code::internal;
  }
}

std::string_view openai_type(int status) noexcept {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    case 503: return "overloaded_error";
    default: return status < 500 ? "invalid_request_error" : "server_error";
  }
}

}  // namespace refrain::api
