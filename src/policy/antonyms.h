#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace refrain::policy {

/// One end of a pair of opposites.
struct Pole {
  std::uint16_t pair = 0;
  bool left = false;
  auto operator<=>(const Pole&) const = default;
};

/// The poles of a stemmed word; a word may be an end of several pairs (short: of tall and of long).
std::vector<Pole> poles_of(std::string_view stem);

/// The poles that are said in a text without spaces between words, such as Chinese.
void add_poles_within(std::string_view text, std::vector<Pole>& out);

/// "enable against disable": the first words of a pair's ends.
std::string_view pole_name(Pole pole) noexcept;

}  // namespace refrain::policy
