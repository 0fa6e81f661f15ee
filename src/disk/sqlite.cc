#include "disk/sqlite.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

namespace refrain::disk::sqlite {
namespace {

constexpr int kBusyMilliseconds = 2000;

base::Code code_of(int status) {
  switch (status & 0xff) {
    case SQLITE_TOOBIG: return base::Code::too_large;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return base::Code::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return base::Code::busy;
    case SQLITE_CONSTRAINT: return base::Code::conflict;
    default: return base::Code::io;
  }
}

// What to look at first; a limit of the file's size and a quota come as a failed write.
std::string_view hint_of(int status) {
  if ((status & 0xff) == SQLITE_FULL) return "the disk is full: ";
  return status == SQLITE_IOERR_WRITE ? "the disk is full or broken: " : "";
}

int length(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

base::Error error(sqlite3* database, std::string_view doing) {
  int status = database == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(database);
  const char* why = database == nullptr ? "out of memory" : sqlite3_errmsg(database);
  int system = database == nullptr ? 0 : sqlite3_system_errno(database);
  return {code_of(status), fmt::format("database: {}{}: {} (SQLite {}, system {})", hint_of(status),
                                       doing, why, status, system)};
}

Query::Query(Query&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_, parameter, value);
}
void Query::bind_text(int parameter, std::string_view value) {
  // A null pointer would bind NULL, and these columns are never null.
  const char* text = value.empty() ? "" : value.data();
  sqlite3_bind_text(statement_, parameter, text, length(value), SQLITE_STATIC);
}
void Query::bind_blob(int parameter, std::string_view value) {
  const char* bytes = value.empty() ? "" : value.data();
  sqlite3_bind_blob(statement_, parameter, bytes, length(value), SQLITE_STATIC);
}
void Query::bind_null(int parameter) { sqlite3_bind_null(statement_, parameter); }

base::Result<bool> Query::step() {
  int status = sqlite3_step(statement_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return std::unexpected(error(database_, sqlite3_sql(statement_)));
}

base::Result<> Query::run() {
  for (;;) {
    TRY(row, step());
    if (!row) return {};
  }
}

void Query::reset() { sqlite3_reset(statement_); }

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }
bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::string_view Query::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

base::Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Access access) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  if (access == Access::write) flags |= SQLITE_OPEN_CREATE;
  sqlite3* database = nullptr;
  int status = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(database));  // NOLINT: private constructor
  if (status != SQLITE_OK) {
    return std::unexpected(error(database, fmt::format("cannot open '{}'", path)));
  }
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, kBusyMilliseconds);
  if (access == Access::read) TRY_DO(connection->execute("PRAGMA query_only = ON"));
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

base::Result<> Connection::execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(error(database_, sql.substr(0, 60)));
  }
  return {};
}

base::Result<Query> Connection::query(std::string_view sql) {
  auto at = statements_.find(sql);
  if (at == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    int status = sqlite3_prepare_v3(database_, sql.data(), length(sql), SQLITE_PREPARE_PERSISTENT,
                                    &statement, nullptr);
    if (status != SQLITE_OK) return std::unexpected(error(database_, sql));
    at = statements_.emplace(std::string(sql), statement).first;
  }
  return Query(database_, at->second);
}

base::Result<std::int64_t> Connection::number(std::string_view sql) {
  TRY(query, this->query(sql));
  TRY(row, query.step());
  return row ? query.integer(0) : 0;
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

bool Connection::is_full() const {
  const int status = sqlite3_extended_errcode(database_);
  return (status & 0xff) == SQLITE_FULL || status == SQLITE_IOERR_WRITE;
}

std::int64_t Connection::changes() const { return sqlite3_changes64(database_); }

base::Result<> Connection::checkpoint(Checkpoint kind) {
  int mode = kind == Checkpoint::passive   ? SQLITE_CHECKPOINT_PASSIVE
             : kind == Checkpoint::restart ? SQLITE_CHECKPOINT_RESTART
                                           : SQLITE_CHECKPOINT_TRUNCATE;
  int in_log = 0, done = 0;
  int status = sqlite3_wal_checkpoint_v2(database_, nullptr, mode, &in_log, &done);
  // Busy: a reader is in the way; the next commit tries again.
  if (status != SQLITE_OK && status != SQLITE_BUSY) {
    return std::unexpected(error(database_, "checkpoint"));
  }
  if (status == SQLITE_OK && in_log == done) log_pages_ = 0;
  return {};
}

base::Result<> Connection::watch_log() {
  TRY(bytes, number("PRAGMA page_size"));
  page_bytes_ = static_cast<std::uint64_t>(bytes);
  auto note = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<Connection*>(self)->log_pages_ = static_cast<std::uint64_t>(pages);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_, note, this);
  return {};
}

}  // namespace refrain::disk::sqlite
