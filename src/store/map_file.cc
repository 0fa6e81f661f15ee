#include "store/map_file.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "disk/file.h"

namespace refrain::store {
namespace {

using base::Code;
using base::fail;

constexpr std::string_view kMagic = "refrain map\n";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kRecordBytesMin = 80;
constexpr std::size_t kPage = 1000;
constexpr std::uint64_t kFileMax = 64ULL << 30;

void write_digest(const base::Digest& digest, base::ByteWriter& out) {
  out.u64(digest.high);
  out.u64(digest.low);
}

void write_record(const Record& record, base::ByteWriter& out) {
  out.u64(record.id);
  write_digest(record.exact, out);
  write_digest(record.space, out);
  for (const std::string* text : {&record.canonical, &record.answer, &record.text, &record.embedder,
                                  &record.tenant, &record.user, &record.model, &record.dialect}) {
    out.text(*text);
  }
  const auto* vector = reinterpret_cast<const char*>(record.vector.data());
  out.text({record.vector.empty() ? "" : vector, record.vector.size() * sizeof(float)});
  out.varint(record.tags.size());
  for (const std::string& tag : record.tags) out.text(tag);
  out.u8(static_cast<std::uint8_t>(record.scope));
  out.u64(static_cast<std::uint64_t>(record.stored.time_since_epoch().count()));
  out.u64(static_cast<std::uint64_t>(record.used.time_since_epoch().count()));
  out.u8(record.expires ? 1 : 0);
  if (record.expires) {
    out.u64(static_cast<std::uint64_t>(record.expires->time_since_epoch().count()));
  }
  out.u64(record.hits);
  out.u64(record.cost_microseconds);
}

Result<base::Digest> read_digest(base::ByteReader& in) {
  TRY(high, in.u64());
  TRY(low, in.u64());
  return base::Digest{high, low};
}

// The year 1970 and 280 years to each side: what a sane clock says, and no overflow in arithmetic.
Result<WallTime> read_time(base::ByteReader& in) {
  TRY(bits, in.u64());
  const auto count = static_cast<std::int64_t>(bits);
  constexpr std::int64_t kMax = 8'900'000'000'000;
  if (count < -kMax || count > kMax) return fail(Code::corrupt, "a time out of range");
  return WallTime(std::chrono::milliseconds(count));
}

Result<> read_vector(base::ByteReader& in, Record& record) {
  TRY(bytes, in.text());
  if (bytes.size() % sizeof(float) != 0) return fail(Code::corrupt, "a vector with a part of one");
  record.vector.resize(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(record.vector.data(), bytes.data(), bytes.size());
  return {};
}

Result<> read_facts(base::ByteReader& in, Record& record) {
  TRY(scope, in.u8());
  if (scope > static_cast<std::uint8_t>(key::ScopeKind::global)) {
    return fail(Code::corrupt, fmt::format("scope {}", scope));
  }
  record.scope = static_cast<key::ScopeKind>(scope);
  TRY(stored, read_time(in));
  TRY(used, read_time(in));
  record.stored = stored;
  record.used = used;
  TRY(has_end, in.u8());
  if (has_end > 1) return fail(Code::corrupt, "an end that is neither there nor not");
  if (has_end == 1) {
    TRY(expires, read_time(in));
    record.expires = expires;
  }
  TRY(hits, in.u64());
  TRY(cost, in.u64());
  record.hits = hits;
  record.cost_microseconds = cost;
  return {};
}

Result<Record> read_record(base::ByteReader& in) {
  Record record;
  TRY(id, in.u64());
  TRY(exact, read_digest(in));
  TRY(space, read_digest(in));
  record.id = id;
  record.exact = exact;
  record.space = space;
  for (std::string* text : {&record.canonical, &record.answer, &record.text, &record.embedder,
                            &record.tenant, &record.user, &record.model, &record.dialect}) {
    TRY(bytes, in.text());
    *text = bytes;
  }
  TRY_DO(read_vector(in, record));
  TRY(tags, in.count(1));
  for (std::size_t i = 0; i < tags; ++i) {
    TRY(tag, in.text());
    record.tags.emplace_back(tag);
  }
  TRY_DO(read_facts(in, record));
  return record;
}

}  // namespace

std::string encode_map(const std::vector<Record>& records, EntryId last_id) {
  base::ByteWriter out;
  out.raw(kMagic);
  out.u32(kVersion);
  out.u64(last_id);
  out.varint(records.size());
  for (const Record& record : records) write_record(record, out);
  std::string bytes = out.take();
  base::ByteWriter end;
  write_digest(base::digest(bytes), end);
  return bytes + end.take();
}

Result<Map> decode_map(std::string_view bytes) {
  constexpr std::size_t kDigest = 16;
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + kDigest) {
    return fail(Code::corrupt, "no map file");
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kDigest);
  base::ByteReader end(bytes.substr(body.size()));
  TRY(digest, read_digest(end));
  if (digest != base::digest(body)) return fail(Code::corrupt, "the checksum is wrong");
  base::ByteReader in(body.substr(kMagic.size()));
  TRY(version, in.u32());
  if (version != kVersion) return fail(Code::unsupported, fmt::format("version {}", version));
  Map out;
  TRY(last_id, in.u64());
  out.last_id = last_id;
  TRY(count, in.count(kRecordBytesMin));
  for (std::size_t i = 0; i < count; ++i) {
    TRY(record, read_record(in));
    if (record.id == 0 || record.id > last_id) return fail(Code::corrupt, "an id out of range");
    out.records.push_back(std::move(record));
  }
  if (in.left() != 0) return fail(Code::corrupt, "bytes behind the last entry");
  return out;
}

Result<> save_map(const Call& call, Store& store, const std::string& path) {
  std::vector<Record> records;
  Scan scan;
  scan.limit = kPage;
  scan.detail = Detail::whole;
  scan.filter.everything = true;
  for (bool more = true; more;) {
    TRY(page, store.scan(call, scan));
    more = page.next.has_value();
    scan.after = page.next.value_or(0);
    std::ranges::move(page.records, std::back_inserter(records));
  }
  const std::string next = path + ".new";
  {
    TRY(file, disk::File::create(next));
    TRY_DO(file.append(encode_map(records, store.last_id())));
    TRY_DO(file.sync());
  }
  TRY_DO(disk::rename(next, path));
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return disk::sync_folder(folder.empty() ? "." : folder);
}

Result<std::size_t> load_map(const Call& call, MemoryStore& store, const std::string& path) {
  if (!std::filesystem::exists(path)) return fail(Code::not_found, fmt::format("no file {}", path));
  TRY(bytes, base::read_file(path, kFileMax));
  base::Result<Map> map = decode_map(bytes);
  if (!map) {
    return fail(map.error().code, fmt::format("map file {}: {}", path, map.error().what));
  }
  store.continue_after(map->last_id);
  const std::size_t count = map->records.size();
  for (std::size_t i = 0; i < count; i += kPage) {
    Batch batch;
    const std::size_t end = std::min(count, i + kPage);
    for (std::size_t j = i; j < end; ++j) batch.puts.push_back(std::move(map->records[j]));
    TRY_DO(commit(call, store, std::move(batch)));
  }
  return count;
}

}  // namespace refrain::store
