#pragma once

#include <cstdint>

#include "picture/grey.h"

namespace refrain::picture {

/// 64 bits that change little when an image is scaled, compressed or brightened: the signs of its
/// lowest frequencies against their median (Zauner, Implementation and Benchmarking of Perceptual
/// Image Hash Functions, 2010, section 3.2.1). An image of one shade hashes to 0.
/// image: not empty. Cost: one pass over the pixels. Pure.
std::uint64_t perceptual_hash(const Grey& image);

/// Bits in which two hashes differ, 0 to 64. Of different images about 32.
int distance(std::uint64_t a, std::uint64_t b) noexcept;

}  // namespace refrain::picture
