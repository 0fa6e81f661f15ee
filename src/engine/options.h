#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "policy/reuse_plan.h"

namespace refrain::engine {

/// What of a finished answer goes to the block store.
enum class SaveRule : std::uint8_t { nothing, prompts, prompts_and_answers };

struct Options {
  std::string model_name{};   // as replies call it; "": the file's own name
  std::size_t cells = 8192;   // of the context: tokens of all running and kept sequences
  std::size_t parallel = 8;   // answers written at once
  std::size_t kept_max = 24;  // finished sequences that stay in the cells
  std::size_t batch_tokens = 512, ubatch_tokens = 512;
  std::size_t chunk_tokens = 128;    // of prompts in one step while answers are being written
  std::size_t restore_tokens = 512;  // put back in one step
  std::size_t threads = 0;           // of the model; 0: all cores
  std::size_t queue_max = 256;       // prompts that wait; more are busy
  // A prompt waits for another that is being read if they share so many tokens more than are there.
  std::size_t wait_tokens = 64;
  policy::ReuseRule reuse_rule = policy::ReuseRule::by_time;
  SaveRule save = SaveRule::prompts_and_answers;
  std::size_t entries_max = 1000;  // of the kept prompts that the native door lists
  std::chrono::seconds entries_ttl = std::chrono::hours(1);

  /// Errors: invalid, with the value.
  base::Result<> check() const;
};

}  // namespace refrain::engine
