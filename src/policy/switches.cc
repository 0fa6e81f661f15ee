#include "policy/switches.h"

#include <algorithm>

namespace refrain::policy {

std::optional<std::size_t> Switches::index_of(std::string_view name) noexcept {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - kNames.begin());
}

void Switches::apply(PairEvidence& pair) const noexcept {
  if (all_on()) {
    return;
  }
  const std::array<bool*, kNames.size()> flags = {
      &pair.numbers,   &pair.names, &pair.polarity, &pair.question,
      &pair.direction, &pair.time,  &pair.modality, &pair.substitution};
  for (std::size_t gate = 0; gate < flags.size(); ++gate) {
    *flags[gate] = *flags[gate] && !off(gate);
  }
  if (off(2)) {
    pair.negations = pair.opposites = 0;
  }
}

}  // namespace refrain::policy
