#include "store/schema.h"

#include <iterator>

#include <fmt/format.h>

namespace refrain::store::schema {
namespace {

constexpr const char* kFirst = R"sql(
CREATE TABLE entries(
  id INTEGER PRIMARY KEY,
  exact BLOB NOT NULL,
  space BLOB NOT NULL,
  tenant TEXT NOT NULL,
  user TEXT NOT NULL,
  scope INTEGER NOT NULL,
  model TEXT NOT NULL,
  dialect TEXT NOT NULL,
  tags BLOB NOT NULL,
  stored INTEGER NOT NULL,
  expires INTEGER,
  cost INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  used INTEGER NOT NULL,
  hits INTEGER NOT NULL,
  bytes INTEGER NOT NULL);
CREATE INDEX entries_by_exact ON entries(exact);
CREATE TABLE questions(
  id INTEGER PRIMARY KEY,
  text BLOB NOT NULL,
  embedder TEXT NOT NULL,
  vector BLOB NOT NULL,
  checksum INTEGER NOT NULL);
CREATE TABLE answers(
  id INTEGER PRIMARY KEY,
  canonical BLOB NOT NULL,
  answer BLOB NOT NULL,
  checksum INTEGER NOT NULL);
CREATE TABLE numbers(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO numbers VALUES('allotted', 0);
)sql";

// Purging expired entries read every row of the table before.
constexpr const char* kExpiryIndex =
    "CREATE INDEX entries_by_expiry ON entries(expires) WHERE expires IS NOT NULL;";

constexpr const char* kMigrations[] = {kFirst, kExpiryIndex};
static_assert(std::size(kMigrations) == kVersion);

Result<> migrate(disk::sqlite::Connection& connection, std::int64_t version) {
  for (; version < kVersion; ++version) {
    TRY_DO(connection.execute(fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT",
                                          kMigrations[version], version + 1)));
  }
  return {};
}

Result<std::int64_t> version_of(disk::sqlite::Connection& connection, const std::string& path) {
  Result<std::int64_t> application = connection.number("PRAGMA application_id");
  if (!application && application.error().code == base::Code::corrupt) {
    return base::fail(base::Code::corrupt,
                      fmt::format("'{}' is no SQLite database, or a damaged one: move it away or "
                                  "choose another data folder",
                                  path));
  }
  if (!application) return std::unexpected(std::move(application).error());
  TRY(tables, connection.number("SELECT count(*) FROM sqlite_schema"));
  if (*application != kApplicationId && tables > 0) {
    return base::fail(base::Code::invalid,
                      fmt::format("'{}' is a database of another program (application id {:#x}): "
                                  "choose another data folder",
                                  path, *application));
  }
  TRY(version, connection.number("PRAGMA user_version"));
  if (version > kVersion || version < 0) {
    return base::fail(base::Code::unsupported,
                      fmt::format("'{}' has schema version {}, this program knows up to {}: run "
                                  "the later refrain that wrote it, or choose another data folder",
                                  path, version, kVersion));
  }
  return version;
}

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }

Result<> prepare(disk::sqlite::Connection& connection, const std::string& path,
                 Durability durability) {
  TRY(version, version_of(connection, path));
  if (version == 0) {
    // Both take effect only while the file is empty.
    TRY_DO(connection.execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA page_size = 4096"));
  }
  TRY_DO(
      connection.execute(fmt::format("PRAGMA journal_mode = WAL; PRAGMA synchronous = {};"
                                     "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384",
                                     durability == Durability::power_loss ? "FULL" : "NORMAL")));
  // Not written again: a store on a full disk must open.
  if (version == 0) {
    TRY_DO(connection.execute(fmt::format("PRAGMA application_id = {}", kApplicationId)));
  }
  TRY_DO(migrate(connection, version));
  return connection.watch_log();
}

}  // namespace refrain::store::schema
