#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

/// The records of the log of values. docs/formats/value_log.md has the layout.
namespace refrain::values {

/// Checksums of a large value cover pieces of this many bytes; the last one may be shorter.
inline constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

enum class Kind : std::uint8_t {
  put = 1,     // a small value, which lies in the record
  large = 2,   // a value in a file of its own
  erase = 3,   // the key is gone
  expire = 4,  // the key has another end of life
  flush = 5    // all keys of the space are gone
};

/// One change. Views are borrowed.
struct Record {
  Kind kind = Kind::put;
  std::string_view space{}, key{};
  std::optional<base::WallTime> expires{};
  std::uint64_t value_bytes = 0;
  std::uint64_t value_check = 0;   // put: XXH3-64 of the value
  std::uint64_t file = 0;          // large: number of the file
  std::string_view value{};        // put
  std::span<const std::uint64_t> pieces{};  // large: XXH3-64 of each piece
};

inline constexpr std::size_t kRecordHeadBytes = 40;

/// Bytes of a record in the log, a multiple of 8.
std::size_t encoded_bytes(const Record& record) noexcept;

/// Writes a record to `to`, which has encoded_bytes() bytes. The checksum of the head is stored
/// last, so that whoever finds it right finds the rest whole, wherever the process was killed.
///   seed  number of the segment: a record of its former life is never taken for one of this.
void encode(const Record& record, std::uint64_t seed, char* to) noexcept;

/// A record that was read, its numbers checked, its value not.
struct Decoded {
  Record record;
  std::vector<std::uint64_t> pieces;  // owns what record.pieces shows
  std::size_t bytes = 0;              // in the log
};

/// The record at the front of `bytes`, with views into them; nullopt when there is none: the end of
/// the log, a torn record, or damage. `value` is empty when `bytes` ends before the value does.
std::optional<Decoded> decode(std::string_view bytes, std::uint64_t seed);

/// Bytes of head, space, key and pieces; 0 when fewer than kRecordHeadBytes are given. Lengths are
/// as written: hostile until decode() has agreed.
std::size_t described_bytes(std::string_view bytes) noexcept;

}  // namespace refrain::values
