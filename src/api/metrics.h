#pragma once

#include <string>

#include "api/context.h"

namespace refrain::api {

/// All metrics in Prometheus' text format, version 0.0.4.
std::string metrics(const Context& context);

}  // namespace refrain::api
