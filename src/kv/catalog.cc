// Rows carry checksums of their own: a block's row says which tokens stand for which bytes, and a
// flipped bit there would hand out one prompt's KV for another's, although the file itself is
// whole.
#include "kv/catalog.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace refrain::kv {
namespace {

using base::Code;
using base::fail;
using base::Result;
using disk::sqlite::Query;

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kTables = R"sql(
CREATE TABLE blocks(
  hash BLOB PRIMARY KEY, parent BLOB NOT NULL, first INTEGER NOT NULL, tokens BLOB NOT NULL,
  bytes INTEGER NOT NULL, saved INTEGER NOT NULL, made INTEGER NOT NULL, checksum INTEGER NOT NULL,
  loose INTEGER NOT NULL, hits INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE objects(
  id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, name TEXT NOT NULL,
  version INTEGER NOT NULL, leaf BLOB NOT NULL, content BLOB NOT NULL, fingerprint BLOB NOT NULL,
  model TEXT NOT NULL, kind INTEGER NOT NULL, provenance INTEGER NOT NULL, tokens INTEGER NOT NULL,
  bytes INTEGER NOT NULL, created INTEGER NOT NULL, cost INTEGER NOT NULL, manifest BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  expires INTEGER, leased INTEGER, pinned INTEGER NOT NULL, hits INTEGER NOT NULL,
  used INTEGER NOT NULL, UNIQUE(tenant, name, version));
PRAGMA user_version = 1;
)sql";

std::string bytes_of(const base::Digest& digest) {
  base::ByteWriter out;
  out.u64(digest.high);
  out.u64(digest.low);
  return out.take();
}

std::optional<base::Digest> digest_of(std::string_view bytes) {
  base::ByteReader in(bytes);
  auto high = in.u64(), low = in.u64();
  if (!high || !low || in.left() != 0) return std::nullopt;
  return base::Digest{*high, *low};
}

std::string bytes_of(const std::vector<Token>& tokens) {
  base::ByteWriter out;
  for (Token token : tokens) out.u32(static_cast<std::uint32_t>(token));
  return out.take();
}

std::optional<std::vector<Token>> tokens_of(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % 4 != 0 || bytes.size() / 4 > kBlockTokensMax) {
    return std::nullopt;
  }
  base::ByteReader in(bytes);
  std::vector<Token> out;
  while (in.left() > 0) out.push_back(static_cast<Token>(*in.u32()));
  return out;
}

std::int64_t milliseconds(base::WallTime time) { return time.time_since_epoch().count(); }
base::WallTime time_of(std::int64_t value) {
  return base::WallTime(std::chrono::milliseconds(value));
}

std::int64_t micros(double seconds) { return static_cast<std::int64_t>(seconds * 1e6); }

// Of everything in a row that must not change.
class Sum {
 public:
  Sum& add(std::string_view bytes) {
    value_ = base::hash64(bytes, value_ + bytes.size());
    return *this;
  }
  Sum& add(std::int64_t number) {
    base::ByteWriter out;
    out.u64(static_cast<std::uint64_t>(number));
    return add(out.take());
  }
  std::int64_t value() const { return static_cast<std::int64_t>(value_); }

 private:
  std::uint64_t value_ = 0;
};

std::int64_t checksum(const base::Digest& hash, const Node& node) {
  return Sum()
      .add(bytes_of(hash))
      .add(bytes_of(node.parent))
      .add(static_cast<std::int64_t>(node.first))
      .add(bytes_of(node.tokens))
      .add(static_cast<std::int64_t>(node.bytes))
      .value();
}

std::int64_t checksum(const Named& object) {
  const Description& facts = object.facts;
  return Sum()
      .add(static_cast<std::int64_t>(facts.id))
      .add(facts.tenant)
      .add(facts.name)
      .add(static_cast<std::int64_t>(facts.version))
      .add(bytes_of(object.leaf))
      .add(bytes_of(facts.content))
      .add(bytes_of(facts.fingerprint))
      .add(static_cast<std::int64_t>(facts.kind))
      .add(static_cast<std::int64_t>(facts.provenance))
      .add(static_cast<std::int64_t>(facts.tokens))
      .add(static_cast<std::int64_t>(facts.bytes))
      .value();
}

std::optional<std::pair<base::Digest, Node>> block_of(const Query& row) {
  Node node;
  const auto hash = digest_of(row.bytes(0)), parent = digest_of(row.bytes(1));
  auto tokens = tokens_of(row.bytes(3));
  if (!hash || !parent || !tokens) return std::nullopt;
  node.parent = *parent;
  node.first = static_cast<std::uint64_t>(row.integer(2));
  node.tokens = std::move(*tokens);
  node.bytes = static_cast<std::uint64_t>(row.integer(4));
  node.saved = static_cast<double>(row.integer(5)) / 1e6;
  node.made = time_of(row.integer(6));
  node.loose = row.integer(8) != 0;
  node.hits = static_cast<std::uint64_t>(row.integer(9));
  node.used = time_of(row.integer(10));
  if (checksum(*hash, node) != row.integer(7)) return std::nullopt;
  return std::pair(*hash, std::move(node));
}

std::optional<base::WallTime> optional_time(const Query& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return time_of(row.integer(column));
}

std::optional<Named> object_of(const Query& row) {
  Named out;
  Description& facts = out.facts;
  facts.id = static_cast<ObjectId>(row.integer(0));
  facts.tenant = row.bytes(1);
  facts.name = row.bytes(2);
  facts.version = static_cast<std::uint64_t>(row.integer(3));
  const auto leaf = digest_of(row.bytes(4)), content = digest_of(row.bytes(5)),
             print = digest_of(row.bytes(6));
  const std::int64_t kind = row.integer(8), provenance = row.integer(9);
  if (!leaf || !content || !print || kind < 0 || kind > 1 || provenance < 0 || provenance > 2) {
    return std::nullopt;
  }
  out.leaf = *leaf;
  facts.content = *content;
  facts.fingerprint = *print;
  facts.model = row.bytes(7);
  facts.kind = static_cast<Kind>(kind);
  facts.provenance = static_cast<Provenance>(provenance);
  facts.tokens = static_cast<std::uint64_t>(row.integer(10));
  facts.bytes = static_cast<std::uint64_t>(row.integer(11));
  facts.created = time_of(row.integer(12));
  facts.cost = std::chrono::microseconds(row.integer(13));
  facts.expires = optional_time(row, 15);
  facts.leased = optional_time(row, 16);
  facts.pinned = row.integer(17) != 0;
  facts.hits = static_cast<std::uint64_t>(row.integer(18));
  facts.used = time_of(row.integer(19));
  if (checksum(out) != row.integer(14)) return std::nullopt;
  return out;
}

void bind_time(Query& query, int parameter, const std::optional<base::WallTime>& time) {
  time ? query.bind(parameter, milliseconds(*time)) : query.bind_null(parameter);
}

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::open(const std::string& path, Durability durability) {
  TRY(connection, disk::sqlite::Connection::open(path, disk::sqlite::Access::write));
  TRY_DO(connection->execute("PRAGMA journal_mode = WAL"));
  TRY_DO(connection->execute(durability == Durability::power_loss ? "PRAGMA synchronous = FULL"
                                                                  : "PRAGMA synchronous = NORMAL"));
  TRY_DO(connection->execute("PRAGMA secure_delete = ON"));
  TRY(version, connection->number("PRAGMA user_version"));
  if (version > kVersion) {
    return fail(Code::unsupported,
                fmt::format("{} is of version {}, this program reads {}", path, version, kVersion));
  }
  if (version == 0) {
    TRY_DO(connection->execute(fmt::format("BEGIN; {} COMMIT", kTables)));
  }
  return std::unique_ptr<Catalog>(new Catalog(std::move(connection)));
}

Result<Catalog::Rows> Catalog::read() {
  Rows out;
  TRY(blocks,
      connection_->query("SELECT hash, parent, first, tokens, bytes, saved, made, checksum, "
                         "loose, hits, used FROM blocks ORDER BY first"));
  for (;;) {
    TRY(row, blocks.step());
    if (!row) break;
    auto block = block_of(blocks);
    block ? out.blocks.push_back(std::move(*block)) : void(++out.corrupt);
  }
  TRY(objects,
      connection_->query("SELECT id, tenant, name, version, leaf, content, fingerprint, model, "
                         "kind, provenance, tokens, bytes, created, cost, checksum, expires, "
                         "leased, pinned, hits, used FROM objects ORDER BY id"));
  for (;;) {
    TRY(row, objects.step());
    if (!row) break;
    auto object = object_of(objects);
    object ? out.objects.push_back(std::move(*object)) : void(++out.corrupt);
  }
  TRY(last, connection_->number("SELECT seq FROM sqlite_sequence WHERE name = 'objects'"));
  out.next_id = static_cast<ObjectId>(last) + 1;
  return out;
}

Result<std::string> Catalog::manifest(ObjectId id) {
  TRY(query, connection_->query("SELECT manifest FROM objects WHERE id = ?"));
  query.bind(1, static_cast<std::int64_t>(id));
  TRY(row, query.step());
  if (!row) return fail(Code::not_found, fmt::format("there is no KV object {}", id));
  return std::string(query.bytes(0));
}

Result<> Catalog::apply(const Change& change) {
  Result<> written = connection_->execute("BEGIN IMMEDIATE");
  if (written) written = write(change);
  if (written) written = connection_->execute("COMMIT");
  if (written) return {};
  // A full disk may have room again: that is no fault of the file.
  const bool full = connection_->is_full();
  if (connection_->in_transaction() && !connection_->execute("ROLLBACK")) return written;
  if (full) return fail(Code::unavailable, std::move(written).error().what);
  return written;
}

Result<> Catalog::write(const Change& change) {
  for (const Change::Block& block : change.add_blocks) TRY_DO(add(block));
  for (const Change::Object& object : change.add_objects) TRY_DO(add(object));
  for (const Change::Block& block : change.touch_blocks) {
    TRY(query,
        connection_->query("UPDATE blocks SET loose = ?, hits = ?, used = ? WHERE hash = ?"));
    const std::string hash = bytes_of(block.hash);
    query.bind(1, block.node->loose ? 1 : 0);
    query.bind(2, static_cast<std::int64_t>(block.node->hits));
    query.bind(3, milliseconds(block.node->used));
    query.bind_blob(4, hash);
    TRY_DO(query.run());
  }
  for (const Named* object : change.touch_objects) {
    TRY(query,
        connection_->query("UPDATE objects SET expires = ?, leased = ?, pinned = ?, hits = ?, "
                           "used = ? WHERE id = ?"));
    const Description& facts = object->facts;
    bind_time(query, 1, facts.expires);
    bind_time(query, 2, facts.leased);
    query.bind(3, facts.pinned ? 1 : 0);
    query.bind(4, static_cast<std::int64_t>(facts.hits));
    query.bind(5, milliseconds(facts.used));
    query.bind(6, static_cast<std::int64_t>(facts.id));
    TRY_DO(query.run());
  }
  for (const base::Digest& hash : change.drop_blocks) {
    TRY(query, connection_->query("DELETE FROM blocks WHERE hash = ?"));
    const std::string bytes = bytes_of(hash);
    query.bind_blob(1, bytes);
    TRY_DO(query.run());
  }
  for (ObjectId id : change.drop_objects) {
    TRY(query, connection_->query("DELETE FROM objects WHERE id = ?"));
    query.bind(1, static_cast<std::int64_t>(id));
    TRY_DO(query.run());
  }
  return {};
}

Result<> Catalog::add(const Change::Block& block) {
  const Node& node = *block.node;
  TRY(query,
      connection_->query("INSERT INTO blocks(hash, parent, first, tokens, bytes, saved, made, "
                         "checksum, loose, hits, used) VALUES(?,?,?,?,?,?,?,?,?,?,?)"));
  const std::string hash = bytes_of(block.hash), parent = bytes_of(node.parent);
  const std::string tokens = bytes_of(node.tokens);
  query.bind_blob(1, hash);
  query.bind_blob(2, parent);
  query.bind(3, static_cast<std::int64_t>(node.first));
  query.bind_blob(4, tokens);
  query.bind(5, static_cast<std::int64_t>(node.bytes));
  query.bind(6, micros(node.saved));
  query.bind(7, milliseconds(node.made));
  query.bind(8, checksum(block.hash, node));
  query.bind(9, node.loose ? 1 : 0);
  query.bind(10, static_cast<std::int64_t>(node.hits));
  query.bind(11, milliseconds(node.used));
  return query.run();
}

Result<> Catalog::add(const Change::Object& added) {
  const Description& facts = added.object->facts;
  TRY(query,
      connection_->query(
          "INSERT INTO objects(id, tenant, name, version, leaf, content, fingerprint, model, "
          "kind, provenance, tokens, bytes, created, cost, manifest, checksum, expires, "
          "leased, pinned, hits, used) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  const std::string leaf = bytes_of(added.object->leaf), content = bytes_of(facts.content);
  const std::string print = bytes_of(facts.fingerprint);
  query.bind(1, static_cast<std::int64_t>(facts.id));
  query.bind_text(2, facts.tenant);
  query.bind_text(3, facts.name);
  query.bind(4, static_cast<std::int64_t>(facts.version));
  query.bind_blob(5, leaf);
  query.bind_blob(6, content);
  query.bind_blob(7, print);
  query.bind_text(8, facts.model);
  query.bind(9, static_cast<std::int64_t>(facts.kind));
  query.bind(10, static_cast<std::int64_t>(facts.provenance));
  query.bind(11, static_cast<std::int64_t>(facts.tokens));
  query.bind(12, static_cast<std::int64_t>(facts.bytes));
  query.bind(13, milliseconds(facts.created));
  query.bind(14, facts.cost.count());
  query.bind_blob(15, added.manifest);
  query.bind(16, checksum(*added.object));
  bind_time(query, 17, facts.expires);
  bind_time(query, 18, facts.leased);
  query.bind(19, facts.pinned ? 1 : 0);
  query.bind(20, static_cast<std::int64_t>(facts.hits));
  query.bind(21, milliseconds(facts.used));
  return query.run();
}

}  // namespace refrain::kv
