#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace refrain::engine {

/// A stream that has tokens to compute.
struct Pending {
  std::size_t tokens = 1;     // one: it writes its answer; more: it reads a prompt
  std::uint64_t arrived = 0;  // order of arrival; smaller is older
};

struct BatchLimits {
  std::size_t batch_tokens = 512;  // of one step
  std::size_t chunk_tokens = 128;  // of prompts in a step while answers are being written
  std::size_t cells = 512;         // free for new tokens
};

/// Tokens of one stream in the next step.
struct Share {
  std::size_t stream = 0;  // place in the list of pending ones
  std::size_t tokens = 0;
  bool operator==(const Share&) const = default;
};

/// Fills the next step. Writers come first, oldest first, and always get their token; prompts share
/// what is left, at most chunk_tokens while anybody writes, so that a long prompt delays a running
/// stream by one chunk at most. The oldest prompt gets half of it or more, the shortest others the
/// rest: short prompts do not wait for long ones, and long ones do not starve. Pure.
std::vector<Share> plan_batch(std::span<const Pending> pending, const BatchLimits& limits);

}  // namespace refrain::engine
