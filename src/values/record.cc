#include "values/record.h"

#include <atomic>
#include <cstring>

#include "base/hash.h"

namespace refrain::values {
namespace {

// docs/formats/value_log.md
struct Head {
  std::uint64_t check;
  std::uint8_t kind;
  std::uint8_t zero;
  std::uint16_t space_bytes;
  std::uint32_t key_bytes;
  std::int64_t expires;  // milliseconds since 1970, 0 for never
  std::uint64_t value_bytes;
  std::uint64_t reference;  // checksum of a small value, file number of a large one
};
static_assert(sizeof(Head) == kRecordHeadBytes);

std::size_t padded(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

std::size_t piece_count(std::uint64_t bytes) {
  return static_cast<std::size_t>((bytes + kPieceBytes - 1) / kPieceBytes);
}

// Pieces lie aligned behind the names.
std::size_t names_bytes(const Head& head) {
  const std::size_t names = std::size_t{head.space_bytes} + head.key_bytes;
  return head.kind == static_cast<std::uint8_t>(Kind::large) ? padded(names) : names;
}

std::size_t described(const Head& head) {
  const bool large = head.kind == static_cast<std::uint8_t>(Kind::large);
  return sizeof(Head) + names_bytes(head) + (large ? 8 * piece_count(head.value_bytes) : 0);
}

Head head_of(const Record& record) {
  Head head{};
  head.kind = static_cast<std::uint8_t>(record.kind);
  head.space_bytes = static_cast<std::uint16_t>(record.space.size());
  head.key_bytes = static_cast<std::uint32_t>(record.key.size());
  head.expires = record.expires ? record.expires->time_since_epoch().count() : 0;
  head.value_bytes = record.value_bytes;
  head.reference = record.kind == Kind::put ? record.value_check : record.file;
  return head;
}

}  // namespace

std::size_t encoded_bytes(const Record& record) noexcept {
  return padded(described(head_of(record)) + record.value.size());
}

void encode(const Record& record, std::uint64_t seed, char* to) noexcept {
  const Head head = head_of(record);
  const std::size_t shown = described(head);
  std::memcpy(to + 8, reinterpret_cast<const char*>(&head) + 8, sizeof head - 8);
  char* at = to + sizeof head;
  if (!record.space.empty()) std::memcpy(at, record.space.data(), record.space.size());
  at += record.space.size();
  // memcpy takes no null, not even for nothing.
  if (!record.key.empty()) std::memcpy(at, record.key.data(), record.key.size());
  at += record.key.size();
  if (!record.pieces.empty()) {
    char* pieces = to + sizeof head + names_bytes(head);
    std::memset(at, 0, static_cast<std::size_t>(pieces - at));
    std::memcpy(pieces, record.pieces.data(), record.pieces.size_bytes());
  }
  if (!record.value.empty()) std::memcpy(to + shown, record.value.data(), record.value.size());
  const std::uint64_t check = base::hash64({to + 8, shown - 8}, seed);
  std::atomic_signal_fence(std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_release);
  std::memcpy(to, &check, sizeof check);
}

std::size_t described_bytes(std::string_view bytes) noexcept {
  if (bytes.size() < sizeof(Head)) return 0;
  Head head{};
  std::memcpy(&head, bytes.data(), sizeof head);
  return described(head);
}

std::optional<Decoded> decode(std::string_view bytes, std::uint64_t seed) {
  constexpr std::uint64_t kValueMax = std::uint64_t{1} << 40;
  Head head{};
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  const bool known = head.kind >= static_cast<std::uint8_t>(Kind::put) &&
                     head.kind <= static_cast<std::uint8_t>(Kind::flush);
  if (!known || head.zero != 0 || head.value_bytes > kValueMax) return std::nullopt;
  const std::size_t shown = described(head);
  if (shown > bytes.size()) return std::nullopt;
  if (base::hash64(bytes.substr(8, shown - 8), seed) != head.check) return std::nullopt;

  Decoded out;
  Record& record = out.record;
  record.kind = static_cast<Kind>(head.kind);
  record.space = bytes.substr(sizeof head, head.space_bytes);
  record.key = bytes.substr(sizeof head + head.space_bytes, head.key_bytes);
  if (head.expires != 0) record.expires = base::WallTime(std::chrono::milliseconds(head.expires));
  record.value_bytes = head.value_bytes;
  out.bytes = padded(shown);
  if (record.kind == Kind::put) {
    record.value_check = head.reference;
    const auto value = static_cast<std::size_t>(head.value_bytes);
    if (bytes.size() - shown >= value) record.value = bytes.substr(shown, value);
    out.bytes = padded(shown + value);
  } else if (record.kind == Kind::large) {
    record.file = head.reference;
    out.pieces.resize(piece_count(head.value_bytes));
    std::memcpy(out.pieces.data(), bytes.data() + sizeof head + names_bytes(head),
                8 * out.pieces.size());
    record.pieces = out.pieces;
  }
  return out;
}

}  // namespace refrain::values
