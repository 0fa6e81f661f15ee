#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/evidence.h"

namespace refrain::policy {

/// Which gates are heard; all of them unless an operator or `refrain tune` says otherwise. A gate
/// that is off neither refuses nor is evidence.
class Switches {
 public:
  static constexpr std::array<std::string_view, 8> kNames = {
      "numbers", "names", "polarity", "question", "direction", "time", "modality", "substitution"};

  /// The index of a gate; nullopt for an unknown name.
  static std::optional<std::size_t> index_of(std::string_view name) noexcept;
  void turn_off(std::size_t gate) noexcept { off_ |= 1U << gate; }
  bool off(std::size_t gate) const noexcept { return (off_ >> gate & 1U) != 0; }
  bool all_on() const noexcept { return off_ == 0; }
  void apply(PairEvidence& pair) const noexcept;
  bool operator==(const Switches&) const = default;

 private:
  std::uint32_t off_ = 0;  // bit i: kNames[i]
};

}  // namespace refrain::policy
