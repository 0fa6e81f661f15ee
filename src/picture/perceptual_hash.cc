// The image is averaged down to 32 x 32, of which the cosine transform gives how much of each
// frequency there is. The 64 lowest ones, without the mean, are the rough shapes: a bit each, set
// where a frequency is stronger than the median of them. Averaging areas, rather than picking
// pixels, makes the hash of a scaled image the same.
#include "picture/perceptual_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace refrain::picture {
namespace {

constexpr std::size_t kSide = 32, kLow = 8;
constexpr double kFlat = 1e-6;  // weaker frequencies are rounding
using Small = std::array<double, kSide * kSide>;

// The share of each pixel in the cell that covers it, in one direction: cells of an image smaller
// than the grid share pixels.
Small averaged(const Grey& image) {
  Small sums{}, weights{};
  auto cells = [](std::size_t at, std::size_t length) {
    const std::size_t first = at * kSide / length;
    const std::size_t last = ((at + 1) * kSide + length - 1) / length;
    return std::pair(first, std::max(first + 1, std::min(last, kSide)));
  };
  for (std::size_t y = 0; y < image.height; ++y) {
    const auto [top, bottom] = cells(y, image.height);
    for (std::size_t x = 0; x < image.width; ++x) {
      const auto [left, right] = cells(x, image.width);
      const double shade = image.pixels[y * image.width + x];
      for (std::size_t row = top; row < bottom; ++row) {
        for (std::size_t column = left; column < right; ++column) {
          sums[row * kSide + column] += shade;
          weights[row * kSide + column] += 1;
        }
      }
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= weights[i];
  return sums;
}

// cosine[k][n] of the transform, for the frequencies that are looked at.
std::array<std::array<double, kSide>, kLow + 1> cosines() {
  std::array<std::array<double, kSide>, kLow + 1> out{};
  for (std::size_t k = 0; k <= kLow; ++k) {
    for (std::size_t n = 0; n < kSide; ++n) {
      out[k][n] = std::cos(std::numbers::pi / static_cast<double>(kSide) *
                           (static_cast<double>(n) + 0.5) * static_cast<double>(k));
    }
  }
  return out;
}

}  // namespace

std::uint64_t perceptual_hash(const Grey& image) {
  static const auto kCosines = cosines();
  const Small small = averaged(image);
  std::array<double, kLow * kLow> low{};
  // Frequencies 1 to 8 in both directions: 0 is the mean and the gradients that light makes.
  for (std::size_t v = 1; v <= kLow; ++v) {
    for (std::size_t u = 1; u <= kLow; ++u) {
      double sum = 0;
      for (std::size_t y = 0; y < kSide; ++y) {
        double row = 0;
        for (std::size_t x = 0; x < kSide; ++x) row += small[y * kSide + x] * kCosines[u][x];
        sum += row * kCosines[v][y];
      }
      low[(v - 1) * kLow + u - 1] = std::abs(sum) < kFlat ? 0 : sum;
    }
  }
  auto sorted = low;
  std::ranges::nth_element(sorted, sorted.begin() + sorted.size() / 2);
  const double median = sorted[sorted.size() / 2];
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < low.size(); ++i) {
    if (low[i] > median) hash |= std::uint64_t{1} << i;
  }
  return hash;
}

int distance(std::uint64_t a, std::uint64_t b) noexcept { return std::popcount(a ^ b); }

}  // namespace refrain::picture
