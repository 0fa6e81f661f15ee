#pragma once

#include <memory>

#include "store/store.h"

namespace refrain::store {

/// Records in one SQLite file of options.folder (docs/formats/store.md). options.check() holds and
/// the folder is a path. `clock` outlives the store.
/// Errors: conflict (folder in use by another process), io (folder cannot be written), unsupported
/// (later schema), invalid (foreign database), corrupt (no database).
Result<std::unique_ptr<Store>> open_sqlite(const Options& options, const base::Clock& clock);

}  // namespace refrain::store
