#include "base/bytes.h"

#include <fmt/format.h>

namespace refrain::base {
namespace {

template <class T>
Result<T> fixed(std::string_view& rest) {
  if (rest.size() < sizeof(T)) {
    return fail(Code::corrupt, fmt::format("{} bytes wanted, {} left", sizeof(T), rest.size()));
  }
  T value;
  std::memcpy(&value, rest.data(), sizeof value);
  rest.remove_prefix(sizeof value);
  return value;
}

}  // namespace

void ByteWriter::varint(std::uint64_t value) {
  while (value >= 0x80) {
    u8(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  u8(static_cast<std::uint8_t>(value));
}

void ByteWriter::text(std::string_view value) {
  varint(value.size());
  out_ += value;
}

Result<std::uint8_t> ByteReader::u8() { return fixed<std::uint8_t>(rest_); }
Result<std::uint32_t> ByteReader::u32() { return fixed<std::uint32_t>(rest_); }
Result<std::uint64_t> ByteReader::u64() { return fixed<std::uint64_t>(rest_); }

Result<std::uint64_t> ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    TRY(byte, u8());
    if (shift == 63 && byte > 1) return fail(Code::corrupt, "varint over 64 bits");
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return fail(Code::corrupt, "varint over 10 bytes");
}

Result<std::string_view> ByteReader::text() {
  TRY(length, varint());
  return raw(length);
}

Result<std::string_view> ByteReader::raw(std::size_t length) {
  if (length > rest_.size()) {
    return fail(Code::corrupt, fmt::format("{} bytes wanted, {} left", length, rest_.size()));
  }
  std::string_view bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return bytes;
}

Result<std::size_t> ByteReader::count(std::size_t item_bytes_min) {
  TRY(number, varint());
  if (number > rest_.size() / (item_bytes_min == 0 ? 1 : item_bytes_min)) {
    return fail(Code::corrupt,
                fmt::format("{} items cannot fit into {} bytes", number, rest_.size()));
  }
  return number;
}

}  // namespace refrain::base
