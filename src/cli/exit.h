#pragma once

#include <string>

#include "base/result.h"

namespace refrain::cli {

/// Exit statuses: 0 done, 1 failed, 2 wrong use or settings, 3 nothing found, 4 nobody answers.
int exit_status(base::Code code) noexcept;

/// Prints "refrain: <sentence>" on stderr, or {"error":{...}} on stdout with --json; returns the
/// status.
int report(const base::Error& error, bool json);

}  // namespace refrain::cli
