#pragma once

#include <cstdint>
#include <vector>

namespace refrain::policy {

/// Roughly how often identities were seen lately, in 16 to 32 bytes each: a count-min sketch whose
/// counters end at 15 and are halved after some ten sightings per identity it has room for.
/// Never less than the truth since the last halving, up to 15. Source: frequency_sketch.cc.
/// Threads: one at a time. Cost: O(1), amortised over the halvings.
class FrequencySketch {
 public:
  static constexpr std::uint8_t kCountMax = 15;

  FrequencySketch();

  /// Makes room for this many identities at once; estimates stay what they were.
  void grow(std::size_t identities);
  void see(std::uint64_t identity);
  /// 0 .. kCountMax
  std::uint8_t estimate(std::uint64_t identity) const noexcept;
  /// Sightings between two halvings.
  std::uint64_t sample() const noexcept { return width_ * 5 / 2; }

 private:
  static constexpr std::size_t kRows = 4;
  std::size_t place(std::uint64_t identity, std::size_t row) const noexcept;
  void halve() noexcept;

  std::size_t width_;  // a power of two
  std::uint64_t seen_ = 0;
  std::vector<std::uint8_t> counters_;  // [width_, kRows]: the rows of a column lie together
};

}  // namespace refrain::policy
