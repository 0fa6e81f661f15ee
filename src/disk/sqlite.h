#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

/// RAII over SQLite: connections, statements, results with causes. Knows nothing of records.
namespace refrain::disk::sqlite {

/// One use of a prepared statement. Parameters count from 1, columns from 0. What is bound must
/// outlive the use; column views live until the next step.
class Query {
 public:
  Query(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  void bind(int parameter, std::int64_t value);
  void bind_text(int parameter, std::string_view value);
  void bind_blob(int parameter, std::string_view value);
  void bind_null(int parameter);

  /// True: a row is there. Errors as in `error`.
  base::Result<bool> step();
  /// Steps to the end.
  base::Result<> run();
  /// Makes ready for other parameters.
  void reset();

  std::int64_t integer(int column) const;
  bool is_null(int column) const;
  std::string_view bytes(int column) const;

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_;
};

enum class Access : std::uint8_t { read, write };

/// One connection with its prepared statements. Threads: one at a time.
class Connection {
 public:
  /// access write makes the file if it is absent. Errors: io, corrupt (no SQLite file).
  static base::Result<std::unique_ptr<Connection>> open(const std::string& path, Access access);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Statements without results, separated by semicolons.
  base::Result<> execute(const std::string& sql);
  /// sql: prepared at its first use and kept. One use of one text at a time.
  base::Result<Query> query(std::string_view sql);
  /// The first column of the first row; 0 without a row.
  base::Result<std::int64_t> number(std::string_view sql);
  bool in_transaction() const;
  /// The last call failed for want of room on the disk, in the file or in a quota.
  bool is_full() const;
  /// Rows that the last statement changed.
  std::int64_t changes() const;
  /// Bytes of the log after the last commit of this connection.
  std::uint64_t log_bytes() const noexcept { return log_pages_ * page_bytes_; }
  std::uint64_t page_bytes() const noexcept { return page_bytes_; }

  enum class Checkpoint : std::uint8_t {
    passive,  // as far as readers allow, without waiting
    restart,  // waits for readers, so that the log begins anew
    truncate  // and shortens its file to nothing
  };
  base::Result<> checkpoint(Checkpoint kind);
  /// Asks SQLite again how long a page is, and counts log pages from here on.
  base::Result<> watch_log();

 private:
  struct Text {
    std::size_t operator()(std::string_view sql) const noexcept {
      return std::hash<std::string_view>{}(sql);
    }
    using is_transparent = void;
  };
  explicit Connection(sqlite3* database) : database_(database) {}

  sqlite3* database_;
  std::unordered_map<std::string, sqlite3_stmt*, Text, std::equal_to<>> statements_;
  std::uint64_t log_pages_ = 0, page_bytes_ = 4096;
};

/// Code and sentence of the connection's last error. too_large: a value over SQLite's limit.
/// corrupt: pages are damaged. busy: another process holds the file. Else io; a full disk says so.
base::Error error(sqlite3* database, std::string_view doing);

}  // namespace refrain::disk::sqlite
