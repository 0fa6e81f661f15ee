// A count-min sketch: each identity has one counter in each of four rows, chosen by four hashes;
// its estimate is the least of the four. Only the least ones are raised ("minimal increment"),
// which keeps collisions from adding up. After a sample of ten times the identities there is room
// for all counters are halved, so that what was popular long ago fades ("reset").
// Source: G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy",
// ACM Transactions on Storage 13(4), 2017, sections 3.2 (minimal increment), 3.3 (reset)
// and 3.4 (small counters). No doorkeeper (also 3.4): it saves memory that is not short here.
// Four columns for each identity, as in the authors' Caffeine: with one, a scan of one sample
// raises the counters of strangers to four and more, and looks popular (seen in a test).
//
// The number of items is not known beforehand, since caches are bounded in bytes. So the sketch
// doubles: with a width of a power of two the hash's next bit tells the two new places of an old
// counter apart, and both begin with its value. Every estimate stays as it was.
#include "policy/frequency_sketch.h"

#include <algorithm>
#include <array>

namespace refrain::policy {
namespace {

constexpr std::size_t kWidthMin = 256;
constexpr std::size_t kColumnsEach = 4;
constexpr std::array<std::uint64_t, 4> kSeeds = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
                                                 0x94d049bb133111eb, 0xd6e8feb86659fd93};

// The finaliser of splitmix64: every bit of the identity reaches every bit of the place.
std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

FrequencySketch::FrequencySketch() : width_(kWidthMin), counters_(kWidthMin * kRows, 0) {}

std::size_t FrequencySketch::place(std::uint64_t identity, std::size_t row) const noexcept {
  return (mix(identity + kSeeds[row]) & (width_ - 1)) * kRows + row;
}

void FrequencySketch::grow(std::size_t identities) {
  while (width_ < kColumnsEach * identities) {
    counters_.resize(2 * counters_.size());
    std::copy_n(counters_.begin(), width_ * kRows,
                counters_.begin() + static_cast<std::ptrdiff_t>(width_ * kRows));
    width_ *= 2;
  }
}

void FrequencySketch::see(std::uint64_t identity) {
  const std::uint8_t least = estimate(identity);
  if (least < kCountMax) {
    for (std::size_t row = 0; row < kRows; ++row) {
      std::uint8_t& counter = counters_[place(identity, row)];
      if (counter == least) ++counter;
    }
  }
  if (++seen_ >= sample()) halve();
}

std::uint8_t FrequencySketch::estimate(std::uint64_t identity) const noexcept {
  std::uint8_t least = kCountMax;
  for (std::size_t row = 0; row < kRows; ++row) {
    least = std::min(least, counters_[place(identity, row)]);
  }
  return least;
}

void FrequencySketch::halve() noexcept {
  for (std::uint8_t& counter : counters_) counter /= 2;
  seen_ /= 2;
}

}  // namespace refrain::policy
