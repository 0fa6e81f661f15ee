#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace refrain::base {

/// 128 bits of XXH3. Not cryptographic: whoever needs certainty compares the bytes as well.
struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Digest&) const = default;
};

Digest digest(std::string_view bytes) noexcept;
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) noexcept;

/// 32 lower-case hexadecimal digits.
std::string hex(const Digest& digest);
/// 16 lower-case hexadecimal digits.
std::string hex(std::uint64_t value);
/// Reads exactly 16 hexadecimal digits; nullopt for anything else.
std::optional<std::uint64_t> parse_hex64(std::string_view text) noexcept;
/// Reads exactly 32 hexadecimal digits; nullopt for anything else.
std::optional<Digest> parse_digest(std::string_view text) noexcept;

struct DigestHash {
  std::size_t operator()(const Digest& digest) const noexcept {
    return static_cast<std::size_t>(digest.low);
  }
};

}  // namespace refrain::base
