#pragma once

#include "app/settings.h"

namespace refrain::app {

/// Starts the server and runs until SIGTERM or SIGINT; a second one ends it at once. Returns the
/// exit status: 0 after a drained stop, 2 for settings that do not work.
int serve(const Values& values);

}  // namespace refrain::app
