#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// What a kept block is worth. Pure: no clock, no lock, no deleting.
namespace refrain::kv {

/// What is known of a block when room is needed.
struct BlockFacts {
  double age = 0;           // seconds since its last use, or since it was made
  std::uint64_t hits = 0;   // uses since it was made
  bool partial = false;     // the end of a prompt that has no name: not a full block
  std::uint64_t bytes = 1;  // > 0
  double saved = 0;         // seconds that a use of it saves; 0: unknown
};

/// Learns from what happens how likely a block of some age and number of uses is to be used again,
/// and says what keeping one is worth. Deterministic. Threads: one at a time.
class Retention {
 public:
  Retention();
  /// It was used again: facts as they were before that use.
  void used(const BlockFacts& facts);
  /// It was evicted or forgotten, so it waited in vain for `age`.
  void gone(const BlockFacts& facts);
  /// Uses the experience so far for worth(). cost: some thousand operations.
  void learn();
  /// Expected seconds saved per second and byte of keeping it; finite, > 0. The lowest goes first.
  double worth(const BlockFacts& facts) const noexcept;

 private:
  static constexpr std::size_t kHits = 5;             // 0, 1, 2, 3, more
  static constexpr std::size_t kClasses = kHits + 1;  // and partial blocks that nobody used
  static constexpr std::size_t kAges = 44;            // half octaves: up to half a year
  using Row = std::array<double, kAges>;

  void expose(const BlockFacts& facts);
  Row hazards(std::size_t kind, const Row& uses, const Row& seconds) const;

  std::array<Row, kClasses> uses_{};     // uses that came at this age
  std::array<Row, kClasses> seconds_{};  // time that blocks spent at this age
  std::array<Row, kClasses> rate_{};     // logarithm of what worth() interpolates
};

}  // namespace refrain::kv
