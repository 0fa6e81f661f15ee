#pragma once

// toml++ asserts that a table's name begins like one, which a file can break ("[}]"), and would
// stop the process. Without the assertion the same parser reports the fault; fuzz/config_fuzz.cc
// watches.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>
