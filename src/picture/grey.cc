#include "picture/grey.h"

#include <limits>
#include <memory>

#include <fmt/format.h>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_GIF
#define STBI_ONLY_BMP
#define STBI_MAX_DIMENSIONS 65535
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "stb_image.h"
#pragma GCC diagnostic pop

namespace refrain::picture {

using base::Code;
using base::fail;

base::Result<Grey> decode_grey(std::string_view bytes, const DecodeLimits& limits) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(Code::too_large, fmt::format("an image of {} bytes", bytes.size()));
  }
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  int width = 0, height = 0, channels = 0;
  if (stbi_info_from_memory(data, size, &width, &height, &channels) == 0 || width <= 0 ||
      height <= 0) {
    return fail(Code::invalid, "no PNG, JPEG, GIF or BMP image");
  }
  const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  if (count > limits.pixels_max) {
    return fail(Code::too_large, fmt::format("an image of {} x {} pixels: {} are allowed", width,
                                             height, limits.pixels_max));
  }
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(data, size, &width, &height, &channels, 1), &stbi_image_free);
  if (!pixels) return fail(Code::invalid, fmt::format("image: {}", stbi_failure_reason()));
  return Grey{static_cast<std::size_t>(width),
              static_cast<std::size_t>(height),
              {pixels.get(), pixels.get() + count}};
}

}  // namespace refrain::picture
