// A window holds tokens_max - 2 tokens of the text and starts (tokens_max - 2 - overlap) after the
// one before it. Nothing of a text is left out: what no window holds, no comparison of vectors can
// see.
#include "embed/window.h"

#include <algorithm>
#include <cmath>

namespace refrain::embed {

using llama::TokenId;

std::size_t window_count(std::size_t tokens, const Cut& cut) noexcept {
  const std::size_t room = cut.tokens_max - 2;
  if (tokens <= room) return 1;
  const std::size_t step = room - cut.overlap;
  return 1 + (tokens - room + step - 1) / step;
}

std::vector<std::vector<TokenId>> windows(std::span<const TokenId> ids, TokenId begin,
                                          TokenId separator, const Cut& cut) {
  const std::size_t room = std::min(cut.tokens_max - 2, ids.size());
  std::vector<std::vector<TokenId>> out(window_count(ids.size(), cut));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t start = std::min(i * (cut.tokens_max - 2 - cut.overlap), ids.size() - room);
    const auto part = ids.subspan(start, room);
    out[i].reserve(room + 2);
    out[i].push_back(begin);
    out[i].insert(out[i].end(), part.begin(), part.end());
    out[i].push_back(separator);
  }
  return out;
}

void add_scaled(std::span<float> sum, std::span<const float> part, float weight) noexcept {
  for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += weight * part[d];
}

bool normalise(std::span<float> row) noexcept {
  double square = 0;
  for (const float value : row) square += static_cast<double>(value) * value;
  if (!(square > 0) || !std::isfinite(square)) return false;
  const double scale = 1 / std::sqrt(square);
  for (float& value : row) value = static_cast<float>(value * scale);
  return true;
}

}  // namespace refrain::embed
