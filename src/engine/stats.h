#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/metric.h"
#include "engine/block_store.h"
#include "engine/entries.h"

namespace refrain::engine {

/// What the engine counts while it works. Threads: any.
struct Counters {
  base::Counter requests, answered, failed, busy, cancelled, deadlines;
  base::Counter prefilled_tokens, decoded_tokens;
  base::Counter shared_tokens, restored_tokens, disk_tokens;  // disk: read for a restore
  base::Counter restores_failed, preempted, evicted, steps;
  base::Counter saved_blocks, saves_abandoned;
  base::Gauge waiting, running, cells_used, kept;
  base::Histogram step_seconds, first_token_seconds, restore_seconds, save_seconds;
};

struct Stats {
  std::uint64_t requests = 0, answered = 0, failed = 0, busy = 0, cancelled = 0, deadlines = 0;
  std::uint64_t prefilled_tokens = 0, decoded_tokens = 0;
  std::uint64_t shared_tokens = 0, restored_tokens = 0, disk_tokens = 0;
  std::uint64_t restores_failed = 0, preempted = 0, evicted = 0, steps = 0;
  std::uint64_t saved_blocks = 0, saves_abandoned = 0;
  std::int64_t waiting = 0, running = 0, cells_used = 0, kept = 0;
  std::size_t cells = 0;
  base::Histogram::Snapshot step_seconds, first_token_seconds, restore_seconds, save_seconds;
  BlockStats blocks;
  Entries::Stats entries;

  std::uint64_t reused_tokens() const noexcept {
    return shared_tokens + restored_tokens;
  }
};

}  // namespace refrain::engine
