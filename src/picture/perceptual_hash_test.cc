#include "picture/perceptual_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace refrain::picture {
namespace {

using Shade = std::function<double(double x, double y)>;  // 0..1 each, and the shade too

Grey drawn(std::size_t width, std::size_t height, const Shade& shade) {
  Grey out{width, height, {}};
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const double value = shade((static_cast<double>(x) + 0.5) / static_cast<double>(width),
                                 (static_cast<double>(y) + 0.5) / static_cast<double>(height));
      out.pixels.push_back(static_cast<std::uint8_t>(std::clamp(value, 0.0, 1.0) * 255));
    }
  }
  return out;
}

double rings(double x, double y) { return 0.5 + 0.4 * std::sin(20 * std::hypot(x - 0.3, y - 0.6)); }
double waves(double x, double y) { return 0.5 + 0.4 * std::sin(13 * x) * std::cos(9 * y * y); }

TEST(PerceptualHash, AScaledImageIsNear) {
  const std::uint64_t large = perceptual_hash(drawn(640, 480, rings));
  EXPECT_LE(distance(large, perceptual_hash(drawn(320, 240, rings))), 2);
  EXPECT_LE(distance(large, perceptual_hash(drawn(97, 61, rings))), 6);
}

TEST(PerceptualHash, ABrighterImageIsNear) {
  const Shade brighter = [](double x, double y) { return 0.8 * rings(x, y) + 0.15; };
  EXPECT_LE(
      distance(perceptual_hash(drawn(200, 200, rings)), perceptual_hash(drawn(200, 200, brighter))),
      2);
}

TEST(PerceptualHash, AnotherImageIsFar) {
  EXPECT_GT(
      distance(perceptual_hash(drawn(200, 200, rings)), perceptual_hash(drawn(200, 200, waves))),
      15);
}

TEST(PerceptualHash, ImagesOfAnySizeHaveOne) {
  EXPECT_EQ(perceptual_hash(drawn(50, 50, [](double, double) { return 0.5; })), 0U);
  EXPECT_EQ(perceptual_hash(drawn(1, 1, rings)), 0U);
  EXPECT_NE(perceptual_hash(drawn(3, 1000, waves)), 0U);
}

}  // namespace
}  // namespace refrain::picture
