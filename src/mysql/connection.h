#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"

/// RAII over MariaDB's client library, which speaks to MariaDB, MySQL and OceanBase. Knows nothing
/// of records.
namespace refrain::mysql {

enum class Tls : std::uint8_t {
  off,
  encrypt,  // whoever answers; no certificate is checked
  verify    // the certificate and the name in it
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3306;
  std::string socket = {};  // path; wins over host and port
  std::string user = {}, password = {}, database = {};
  Tls tls = Tls::off;
  std::string ca_file = {};  // with Tls::verify; empty: the system's
  std::chrono::seconds connect_timeout{5};
  std::chrono::seconds io_timeout{10};  // of one wait for the server
};

/// Bound to a `?` of a statement; text is bytes. Views live until the call returns.
using Parameter = std::variant<std::nullptr_t, std::int64_t, std::string_view>;

struct Statement;  // a prepared one, with room for a row

/// What a statement returned. Columns count from 0; views live until the next step. One at a time
/// per statement text; must not outlive its connection.
class Rows {
 public:
  explicit Rows(Statement& statement) : statement_(&statement) {}
  Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  /// True: a row is there.
  base::Result<bool> next();
  std::int64_t integer(std::size_t column) const;
  bool is_null(std::size_t column) const;
  std::string_view bytes(std::size_t column) const;
  /// Rows that the statement changed.
  std::uint64_t changed() const;

 private:
  Statement* statement_;
};

/// One connection with its prepared statements. Threads: one at a time.
/// Errors of every call: unavailable (no server, connection lost), busy (lock not got in time, too
/// many connections), conflict (a key twice), too_large, io (server full or read-only), invalid
/// (access denied, unknown database, wrong SQL). Sentences never hold the password.
class Connection {
 public:
  static base::Result<std::unique_ptr<Connection>> open(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// One statement without a result.
  base::Result<> execute(const std::string& sql);
  /// sql: prepared at its first use and kept. The whole result is fetched before this returns.
  base::Result<Rows> query(std::string_view sql, std::span<const Parameter> parameters = {});
  /// The first column of the first row; 0 without a row.
  base::Result<std::int64_t> number(std::string_view sql);
  /// The connection broke: what was under way may be done or not; every call from now on fails.
  bool lost() const noexcept { return lost_; }
  /// Number of the server's last error; 0 when there was none.
  unsigned last_error() const noexcept { return last_error_; }

 private:
  struct Handle;
  struct Text {
    std::size_t operator()(std::string_view sql) const noexcept {
      return std::hash<std::string_view>{}(sql);
    }
    using is_transparent = void;
  };
  Connection();
  base::Result<Statement*> prepared(std::string_view sql);
  std::unexpected<base::Error> failed(unsigned number, std::string_view what);

  std::unique_ptr<Handle> handle_;
  std::unordered_map<std::string, std::unique_ptr<Statement>, Text, std::equal_to<>> statements_;
  bool lost_ = false;
  unsigned last_error_ = 0;
};

/// The cause behind a server's or client's error number. Pure.
base::Code code_of(unsigned number) noexcept;
/// Whether such an error ends the connection. Pure.
bool ends_connection(unsigned number) noexcept;

}  // namespace refrain::mysql
