#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace refrain::base {

/// 64 bits from a per-thread generator seeded by the kernel. Not for secrets. Threads: any.
std::uint64_t random64() noexcept;

/// `length` characters of [0-9A-Za-z], for reply ids. Not for secrets.
std::string random_id(std::size_t length);

/// Fills with the kernel's own random bytes, for secrets.
void random_secret(std::span<std::byte> out) noexcept;

}  // namespace refrain::base
