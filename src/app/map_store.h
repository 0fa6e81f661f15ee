#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace refrain::app {

/// A store in memory with the entries of the file, which is made if it is absent: a file that
/// cannot be written should be known at the start, not at the stop.
/// Errors: io, corrupt, unavailable.
base::Result<std::unique_ptr<store::Store>> open_map(const store::Options& options,
                                                     const base::Clock& clock,
                                                     const std::string& file);
/// Writes the file anew; says so in the log, also when it fails.
void close_map(store::Store& store, const std::string& file);

}  // namespace refrain::app
