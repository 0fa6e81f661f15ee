#pragma once

#include <string_view>

#include "base/result.h"

namespace refrain::api {

/// The one table from causes to HTTP statuses.
int http_status(base::Code code) noexcept;

/// OpenAI's error type for a status: "invalid_request_error", "authentication_error", ...
std::string_view openai_type(int status) noexcept;
/// The cause behind a status that was not made from one.
base::Code cause_of(int status) noexcept;

}  // namespace refrain::api
