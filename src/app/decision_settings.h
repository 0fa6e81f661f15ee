#pragma once

#include <vector>

#include "app/settings.h"

namespace refrain::app {

/// Settings of verified mode: [decision] in a file, --decision-... as flags.
std::vector<Setting> decision_settings();

}  // namespace refrain::app
