#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kv/store.h"

namespace refrain::kv {

struct Finding {
  std::string what;  // "block 0123...: section 2 fails its checksum"
};

struct Verified {
  std::uint64_t blocks = 0, objects = 0, bytes = 0;  // read and compared
  std::uint64_t lost = 0, orphans = 0;               // dropped when the store was opened
  std::vector<Finding> findings{};                   // damage, each dropped from the store
};

/// Opens a store that nobody else uses, reads every block and every object, and drops what is
/// damaged with what follows it. progress(done, all): blocks and objects.
/// Errors: conflict (a process uses it; its number), not_found (there is no store), those of
/// Store::open.
base::Result<Verified> verify_store(
    const Options& options, const base::Clock& clock,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace refrain::kv
