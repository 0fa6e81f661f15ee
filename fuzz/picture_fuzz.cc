// Any bytes are an image or are refused, in bounded memory.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "picture/perceptual_hash.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace picture = refrain::picture;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto image = picture::decode_grey(bytes, {.pixels_max = 100'000})) {
    CHECK(image->pixels.size() == image->width * image->height, "an image with other pixels");
    CHECK(picture::distance(picture::perceptual_hash(*image), 0) <= 64, "a hash of other bits");
  }
  return 0;
}
