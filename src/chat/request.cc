#include "chat/request.h"

#include <array>

namespace refrain::chat {
namespace {

// In order of the enumerators.
constexpr std::array<std::string_view, 5> kNames = {"openai.chat", "openai.completions",
                                                    "openai.embeddings", "tgi", "gkv"};

}  // namespace

std::string_view name(Dialect dialect) noexcept {
  return kNames[static_cast<std::size_t>(dialect)];
}

std::optional<Dialect> parse_dialect(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<Dialect>(i);
  }
  return std::nullopt;
}

}  // namespace refrain::chat
