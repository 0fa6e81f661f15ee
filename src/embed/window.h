#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "llama/model.h"

namespace refrain::embed {

/// How a text that is longer than the model is cut.
struct Cut {
  std::size_t tokens_max = 256;  // of one window, begin and separator included; at least 3
  std::size_t overlap = 32;      // tokens that two neighbours share; below tokens_max - 2
};

/// Windows that together hold every token at least once: each begins with `begin` and ends with
/// `separator`. ids: not empty. The last window is moved back to be full, unless it is the only
/// one.
std::vector<std::vector<llama::TokenId>> windows(std::span<const llama::TokenId> ids,
                                                 llama::TokenId begin, llama::TokenId separator,
                                                 const Cut& cut);
/// How many windows that would be.
std::size_t window_count(std::size_t tokens, const Cut& cut) noexcept;

/// Adds weight * part to sum; both of the same length.
void add_scaled(std::span<float> sum, std::span<const float> part, float weight) noexcept;
/// Makes the row's length one. False, and the row untouched, if it is zero or not finite.
bool normalise(std::span<float> row) noexcept;

}  // namespace refrain::embed
