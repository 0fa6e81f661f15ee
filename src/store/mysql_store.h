#pragma once

#include <memory>

#include "store/place.h"
#include "store/store.h"

namespace refrain::store {

/// Records in a database of MySQL's protocol (MariaDB, MySQL, OceanBase), which several processes
/// may share; docs/formats/store.md. options.check() holds. `clock` outlives the store.
/// Errors: unavailable (nobody there), invalid (access denied, no such database), unsupported
/// (later schema), io (read-only).
Result<std::unique_ptr<Store>> open_mysql(const Options& options, const Place& place,
                                          const base::Clock& clock);

}  // namespace refrain::store
