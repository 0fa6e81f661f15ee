#pragma once

#include <memory>

#include "store/place.h"
#include "store/store.h"

namespace refrain::store {

/// Records in a Redis server, which several processes may share; docs/formats/redis.md. An
/// acknowledged write survives what the server's own settings say: with appendonly and appendfsync
/// always a power cut; a warning at start says so when they promise less than options.durability.
/// options.check() holds. `clock` outlives the store.
/// Errors: unavailable (nobody there), invalid (access denied), unsupported (later version), io
/// (read-only, full).
Result<std::unique_ptr<Store>> open_redis(const Options& options, const Place& place,
                                          const base::Clock& clock);

}  // namespace refrain::store
