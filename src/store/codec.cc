// Three rows make a record, so that each reader touches no more than it needs: lists and eviction
// read `entries`, an index is built from `questions`, only a hit reads `answers`.
//
// Each row has a checksum over its columns and the id, so that a row found under another id is
// wrong too. Statistics (used, hits) change often and mislead nobody when damaged: they are
// outside.
//
// The canonical bytes of a question contain its text, so they are compressed with the text as
// dictionary: what is left is the rest of the request, some 90 bytes. Texts and answers are
// compressed alone; below 256 bytes that saves too little to be worth the time.
#include "store/codec.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/hash.h"

namespace refrain::store::codec {
namespace {

constexpr std::size_t kPackMin = 256;
constexpr std::size_t kPackWithPrefixMin = 64;
constexpr int kLevel = 3;  // zstd's own default: records are too small for levels to differ much
constexpr std::uint64_t kBlockBytesMax = 128 << 10;  // a zstd block has a header of 3 bytes
constexpr std::uint64_t kUnpackedMax = 1ULL << 30;

enum class Way : std::uint8_t { plain, zstd, zstd_with_prefix };

class Checksum {
 public:
  explicit Checksum(std::uint64_t id) { add(id); }
  void add(std::string_view bytes) { value_ = base::hash64(bytes, value_ + bytes.size()); }
  void add(std::uint64_t number) {
    add(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
  }
  void add(std::int64_t number) { add(static_cast<std::uint64_t>(number)); }
  std::int64_t value() const noexcept { return static_cast<std::int64_t>(value_); }

 private:
  std::uint64_t value_ = 0;
};

std::int64_t checksum(const EntryRow& row) {
  Checksum sum(row.id);
  for (std::string_view text :
       {row.exact, row.space, row.tenant, row.user, row.model, row.dialect, row.tags}) {
    sum.add(text);
  }
  sum.add(row.scope);
  sum.add(row.stored);
  sum.add(row.expires.value_or(-1));
  sum.add(row.expires ? std::int64_t{1} : std::int64_t{0});
  sum.add(row.cost);
  return sum.value();
}

std::int64_t checksum(const QuestionRow& row, EntryId id) {
  Checksum sum(id);
  for (std::string_view text : {row.text, row.embedder, row.vector}) sum.add(text);
  return sum.value();
}

std::int64_t checksum(const AnswerRow& row, EntryId id) {
  Checksum sum(id);
  for (std::string_view text : {row.canonical, row.answer}) sum.add(text);
  return sum.value();
}

std::unexpected<base::Error> corrupt(EntryId id, std::string_view what) {
  return base::fail(base::Code::corrupt, fmt::format("stored entry {}: {}", id, what));
}

Result<Key> read_key(std::string_view bytes) {
  base::ByteReader reader(bytes);
  TRY(high, reader.u64());
  TRY(low, reader.u64());
  return Key{high, low};
}

Result<std::vector<std::string>> read_tags(std::string_view bytes) {
  base::ByteReader reader(bytes);
  TRY(count, reader.count(1));
  std::vector<std::string> tags;
  for (std::size_t i = 0; i < count; ++i) {
    TRY(tag, reader.text());
    tags.emplace_back(tag);
  }
  return tags;
}

// zstd contexts are expensive to make and not to be shared between threads.
ZSTD_CCtx* compressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                            &ZSTD_freeCCtx);
  return context.get();
}
ZSTD_DCtx* decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                            &ZSTD_freeDCtx);
  return context.get();
}

}  // namespace

void seal(EntryRow& row) { row.checksum = checksum(row); }
void seal(QuestionRow& row, EntryId id) { row.checksum = checksum(row, id); }
void seal(AnswerRow& row, EntryId id) { row.checksum = checksum(row, id); }

std::string pack(std::string_view bytes, std::string_view prefix) {
  bool with_prefix = prefix.size() >= kPackWithPrefixMin && bytes.size() >= kPackWithPrefixMin;
  ZSTD_CCtx* context = compressor();
  if (context != nullptr && (with_prefix || bytes.size() >= kPackMin)) {
    ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
    if (with_prefix) ZSTD_CCtx_refPrefix(context, prefix.data(), prefix.size());
    std::string out(1 + ZSTD_compressBound(bytes.size()), '\0');
    out[0] = static_cast<char>(with_prefix ? Way::zstd_with_prefix : Way::zstd);
    std::size_t size = ZSTD_compress2(context, out.data() + 1, out.size() - 1, bytes.data(),
                                      bytes.size());
    if (ZSTD_isError(size) == 0 && size < bytes.size() - bytes.size() / 10) {
      out.resize(1 + size);
      return out;
    }
  }
  std::string out(1, static_cast<char>(Way::plain));
  return out.append(bytes);
}

Result<std::string> unpack(std::string_view packed, std::string_view prefix) {
  if (packed.empty()) return base::fail(base::Code::corrupt, "packed bytes without a first byte");
  auto way = static_cast<std::uint8_t>(packed[0]);
  std::string_view bytes = packed.substr(1);
  if (way == static_cast<std::uint8_t>(Way::plain)) return std::string(bytes);
  if (way > static_cast<std::uint8_t>(Way::zstd_with_prefix)) {
    return base::fail(base::Code::corrupt, fmt::format("way {} of packing is unknown", way));
  }
  unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  // Also false for the two error values, which are the largest numbers there are.
  if (size > std::min(kUnpackedMax, (bytes.size() / 3 + 1) * kBlockBytesMax)) {
    return base::fail(base::Code::corrupt, "the packed bytes state no size that they can have");
  }
  ZSTD_DCtx* context = decompressor();
  if (context == nullptr) return base::fail(base::Code::internal, "no memory to unpack");
  ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
  if (way == static_cast<std::uint8_t>(Way::zstd_with_prefix)) {
    ZSTD_DCtx_refPrefix(context, prefix.data(), prefix.size());
  }
  std::string out(size, '\0');
  std::size_t made =
      ZSTD_decompressDCtx(context, out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(made) != 0) {
    return base::fail(base::Code::corrupt,
                      fmt::format("the packed bytes are damaged: {}", ZSTD_getErrorName(made)));
  }
  if (made != size) return base::fail(base::Code::corrupt, "the packed bytes are cut");
  return out;
}

std::string key_bytes(const Key& key) {
  base::ByteWriter writer;
  writer.u64(key.high);
  writer.u64(key.low);
  return writer.take();
}

EntryRow entry_row(const Record& record, Owned& owned) {
  owned.exact = key_bytes(record.exact);
  owned.space = key_bytes(record.space);
  base::ByteWriter tags;
  tags.varint(record.tags.size());
  for (const std::string& tag : record.tags) tags.text(tag);
  owned.tags = tags.take();
  EntryRow row;
  row.id = record.id;
  row.exact = owned.exact;
  row.space = owned.space;
  row.tenant = record.tenant;
  row.user = record.user;
  row.model = record.model;
  row.dialect = record.dialect;
  row.scope = static_cast<std::int64_t>(record.scope);
  row.tags = owned.tags;
  row.stored = record.stored.time_since_epoch().count();
  if (record.expires) row.expires = record.expires->time_since_epoch().count();
  row.cost = static_cast<std::int64_t>(record.cost_microseconds);
  seal(row);
  row.used = std::max(record.used, record.stored).time_since_epoch().count();
  row.hits = static_cast<std::int64_t>(record.hits);
  return row;
}

QuestionRow question_row(const Record& record, Owned& owned) {
  owned.text = pack(record.text);
  QuestionRow row;
  row.text = owned.text;
  row.embedder = record.embedder;
  row.vector = {reinterpret_cast<const char*>(record.vector.data()),
                record.vector.size() * sizeof(float)};
  seal(row, record.id);
  return row;
}

AnswerRow answer_row(const Record& record, Owned& owned) {
  owned.canonical = pack(record.canonical, record.text);
  owned.answer = pack(record.answer);
  AnswerRow row;
  row.canonical = owned.canonical;
  row.answer = owned.answer;
  seal(row, record.id);
  return row;
}

Result<> decode(const EntryRow& row, Record& record) {
  if (row.checksum != checksum(row)) return corrupt(row.id, "the checksum of its facts is wrong");
  TRY(exact, read_key(row.exact));
  TRY(space, read_key(row.space));
  TRY(tags, read_tags(row.tags));
  if (row.scope < 0 || row.scope > static_cast<std::int64_t>(key::ScopeKind::global)) {
    return corrupt(row.id, fmt::format("scope {} is unknown", row.scope));
  }
  record.id = row.id;
  record.exact = exact;
  record.space = space;
  record.tenant = row.tenant;
  record.user = row.user;
  record.model = row.model;
  record.dialect = row.dialect;
  record.scope = static_cast<key::ScopeKind>(row.scope);
  record.tags = std::move(tags);
  record.stored = WallTime(WallTime::duration(row.stored));
  record.used = WallTime(WallTime::duration(row.used));
  record.expires.reset();
  if (row.expires) record.expires = WallTime(WallTime::duration(*row.expires));
  record.cost_microseconds = static_cast<std::uint64_t>(row.cost);
  record.hits = static_cast<std::uint64_t>(row.hits);
  return {};
}

Result<> decode(const QuestionRow& row, Record& record) {
  if (row.checksum != checksum(row, record.id)) {
    return corrupt(record.id, "the checksum of its question is wrong");
  }
  if (row.vector.size() % sizeof(float) != 0) {
    return corrupt(record.id, fmt::format("a vector of {} bytes", row.vector.size()));
  }
  TRY(text, unpack(row.text));
  record.text = std::move(text);
  record.embedder = row.embedder;
  record.vector.resize(row.vector.size() / sizeof(float));
  if (!row.vector.empty()) {
    std::memcpy(record.vector.data(), row.vector.data(), row.vector.size());
  }
  return {};
}

Result<> decode(const AnswerRow& row, Record& record) {
  if (row.checksum != checksum(row, record.id)) {
    return corrupt(record.id, "the checksum of its answer is wrong");
  }
  TRY(canonical, unpack(row.canonical, record.text));
  TRY(answer, unpack(row.answer));
  record.canonical = std::move(canonical);
  record.answer = std::move(answer);
  return {};
}

}  // namespace refrain::store::codec
