#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::picture {

/// An image in shades of grey, row after row from the top left.
struct Grey {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  // [height * width], 0 black to 255 white
};

struct DecodeLimits {
  std::size_t pixels_max = 64'000'000;  // told by the head, before anything is decoded
};

/// Decodes PNG, JPEG, GIF (its first image) or BMP; transparency is ignored. Hostile bytes are
/// errors. Errors: invalid (no such image, or damaged), too_large (more pixels).
base::Result<Grey> decode_grey(std::string_view bytes, const DecodeLimits& limits = {});

}  // namespace refrain::picture
