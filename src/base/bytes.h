#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.h"

namespace refrain::base {

/// Appends little-endian numbers, varints and length-prefixed strings.
class ByteWriter {
 public:
  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value) { fixed(value); }
  void u64(std::uint64_t value) { fixed(value); }
  /// LEB128, 1 to 10 bytes.
  void varint(std::uint64_t value);
  /// varint length, then the bytes.
  void text(std::string_view value);
  void raw(std::string_view value) { out_ += value; }
  std::size_t size() const noexcept { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  template <class T>
  void fixed(T value) {
    static_assert(std::endian::native == std::endian::little);
    char buffer[sizeof value];
    std::memcpy(buffer, &value, sizeof value);
    out_.append(buffer, sizeof value);
  }
  std::string out_;
};

/// Reads what ByteWriter wrote, from bytes that may be hostile. Every error is corrupt.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  Result<std::uint8_t> u8();
  Result<std::uint32_t> u32();
  Result<std::uint64_t> u64();
  Result<std::uint64_t> varint();
  /// A view into the given bytes.
  Result<std::string_view> text();
  Result<std::string_view> raw(std::size_t length);
  /// A count of items that take at least `item_bytes_min` each: never more than the rest can hold.
  Result<std::size_t> count(std::size_t item_bytes_min);
  std::size_t left() const noexcept { return rest_.size(); }

 private:
  std::string_view rest_;
};

}  // namespace refrain::base
