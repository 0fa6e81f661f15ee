#include "base/base64.h"

#include <array>
#include <cstdint>

namespace refrain::base {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 64;

constexpr std::array<std::uint8_t, 256> values() {
  std::array<std::uint8_t, 256> out{};
  out.fill(kNone);
  for (std::uint8_t i = 0; i < kDigits.size(); ++i) {
    out[static_cast<std::uint8_t>(kDigits[i])] = i;
  }
  return out;
}

constexpr std::array<std::uint8_t, 256> kValues = values();

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0U;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group =
        byte_at(bytes, i) << 16U | byte_at(bytes, i + 1) << 8U | byte_at(bytes, i + 2);
    out += kDigits[group >> 18U];
    out += kDigits[group >> 12U & 63U];
    out += i + 1 < bytes.size() ? kDigits[group >> 6U & 63U] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63U] : '=';
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint8_t value = kValues[static_cast<std::uint8_t>(text[i])];
    if (value == kNone) return std::nullopt;
    group = group << 6U | value;
    // The first digit of four ends no byte, each other one does.
    if (i % 4 > 0) out += static_cast<char>(group >> (6U - 2U * (i % 4)) & 255U);
  }
  return out;
}

std::string join_base64(std::string_view first, std::string_view second) {
  if (first.ends_with('=')) {
    std::optional<std::string> before = from_base64(first);
    std::optional<std::string> after = from_base64(second);
    if (before && after) return to_base64(*before + *after);
  }
  return std::string(first) + std::string(second);
}

}  // namespace refrain::base
