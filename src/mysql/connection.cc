// The library reports every error as a number and a sentence. Numbers become causes here, once, so
// that whoever calls knows what to do: come back later, give up this batch, or tell the operator.
//
// Results are fetched whole before anything is returned (mysql_stmt_store_result): a statement that
// is still being read would keep the connection from doing anything else, and a reader that is slow
// would hold the server's snapshot.
#include "mysql/connection.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include <fmt/format.h>
#include <mariadb/errmsg.h>
#include <mariadb/mysql.h>
#include <mariadb/mysqld_error.h>

namespace refrain::mysql {
namespace {

using base::Code;
using base::Result;

constexpr unsigned kConnectionKilled = 1927;
constexpr unsigned kReadOnlyMode = 1836;
constexpr std::size_t kStatementsMax = 200;  // texts are few: more means that one is built wrongly

bool is_number(enum_field_types type) {
  return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_INT24 ||
         type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_YEAR;
}

}  // namespace

struct Column {
  bool number = false;
  std::int64_t integer = 0;
  std::vector<char> bytes;
  unsigned long length = 0;
  my_bool null = 0;
};

struct Statement {
  explicit Statement(MYSQL_STMT* made) : handle(made) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { mysql_stmt_close(handle); }

  MYSQL_STMT* handle;
  std::deque<Column> columns;  // stable addresses: the library writes into them
  std::vector<MYSQL_BIND> results;
  std::uint64_t changed = 0;
};

struct Connection::Handle {
  MYSQL mysql{};
  bool made = false;
  ~Handle() {
    if (made) mysql_close(&mysql);
  }
};

Code code_of(unsigned number) noexcept {
  switch (number) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_UNKNOWN_HOST:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
    case CR_SSL_CONNECTION_ERROR:
    case ER_SERVER_SHUTDOWN:
    case kConnectionKilled: return Code::unavailable;
    case ER_CON_COUNT_ERROR:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_LOCK_DEADLOCK: return Code::busy;
    case ER_DUP_ENTRY: return Code::conflict;
    case ER_NET_PACKET_TOO_LARGE:
    case CR_NET_PACKET_TOO_LARGE:
    case ER_DATA_TOO_LONG: return Code::too_large;
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_PARSE_ERROR: return Code::invalid;
    default: return Code::io;  // full (1114, 1021), read-only (1290, 1836), and whatever else
  }
}

bool ends_connection(unsigned number) noexcept {
  return number == CR_SERVER_GONE_ERROR || number == CR_SERVER_LOST ||
         number == CR_SERVER_LOST_EXTENDED || number == ER_SERVER_SHUTDOWN ||
         number == kConnectionKilled || number == CR_COMMANDS_OUT_OF_SYNC ||
         number == CR_MALFORMED_PACKET || number == ER_NET_PACKET_TOO_LARGE;
}

Connection::Connection() : handle_(std::make_unique<Handle>()) {}
Connection::~Connection() { statements_.clear(); }

std::unexpected<base::Error> Connection::failed(unsigned number, std::string_view what) {
  last_error_ = number;
  lost_ = lost_ || ends_connection(number);
  std::string advice;
  const bool closed = number == ER_OPTION_PREVENTS_STATEMENT || number == kReadOnlyMode;
  if (closed) advice = "; it is read-only";
  if (number == ER_RECORD_FILE_FULL || number == ER_DISK_FULL) advice = "; it is full";
  return base::fail(code_of(number), fmt::format("database: {} ({}){}", what, number, advice));
}

Result<std::unique_ptr<Connection>> Connection::open(const Options& options) {
  std::unique_ptr<Connection> out(new Connection);  // NOLINT: private constructor
  MYSQL* mysql = &out->handle_->mysql;
  if (mysql_init(mysql) == nullptr) return base::fail(Code::internal, "no memory for a connection");
  out->handle_->made = true;
  auto connect = static_cast<unsigned>(options.connect_timeout.count());
  auto io = static_cast<unsigned>(options.io_timeout.count());
  mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
  mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &io);
  mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &io);
  mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  my_bool reconnect = 0;  // a new session would have lost its transaction without a word
  mysql_optionsv(mysql, MYSQL_OPT_RECONNECT, &reconnect);
  my_bool encrypt = options.tls == Tls::off ? 0 : 1;
  my_bool verify = options.tls == Tls::verify ? 1 : 0;
  mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &encrypt);
  mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  if (!options.ca_file.empty()) mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, options.ca_file.c_str());
  const char* socket = options.socket.empty() ? nullptr : options.socket.c_str();
  // The library takes "localhost" for a socket of its own choice.
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  if (mysql_real_connect(mysql, socket ? nullptr : host.c_str(), options.user.c_str(),
                         options.password.c_str(), options.database.c_str(), options.port, socket,
                         CLIENT_FOUND_ROWS) == nullptr) {
    return out->failed(mysql_errno(mysql), mysql_error(mysql));
  }
  return out;
}

Result<> Connection::execute(const std::string& sql) {
  MYSQL* mysql = &handle_->mysql;
  if (mysql_real_query(mysql, sql.data(), sql.size()) != 0) {
    return failed(mysql_errno(mysql), mysql_error(mysql));
  }
  if (MYSQL_RES* result = mysql_store_result(mysql)) mysql_free_result(result);
  return {};
}

Result<Statement*> Connection::prepared(std::string_view sql) {
  if (auto at = statements_.find(sql); at != statements_.end()) return at->second.get();
  if (statements_.size() >= kStatementsMax) statements_.clear();
  MYSQL_STMT* made = mysql_stmt_init(&handle_->mysql);
  if (made == nullptr) return base::fail(Code::internal, "no memory for a statement");
  auto statement = std::make_unique<Statement>(made);
  if (mysql_stmt_prepare(made, sql.data(), sql.size()) != 0) {
    return failed(mysql_stmt_errno(made), mysql_stmt_error(made));
  }
  my_bool lengths = 1;
  mysql_stmt_attr_set(made, STMT_ATTR_UPDATE_MAX_LENGTH, &lengths);
  return statements_.emplace(sql, std::move(statement)).first->second.get();
}

namespace {

void bind(std::vector<MYSQL_BIND>& binds, std::span<const Parameter> parameters) {
  static my_bool null = 1;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    MYSQL_BIND& to = binds[i];
    if (const auto* number = std::get_if<std::int64_t>(&parameters[i])) {
      to.buffer_type = MYSQL_TYPE_LONGLONG;
      to.buffer = const_cast<std::int64_t*>(number);
    } else if (const auto* bytes = std::get_if<std::string_view>(&parameters[i])) {
      to.buffer_type = MYSQL_TYPE_BLOB;
      to.buffer = const_cast<char*>(bytes->data());
      to.buffer_length = bytes->size();
    } else {
      to.buffer_type = MYSQL_TYPE_NULL;
      to.is_null = &null;
    }
  }
}

// Makes room for the longest value of each column of a stored result.
void make_columns(Statement& statement, MYSQL_RES* about) {
  unsigned count = mysql_num_fields(about);
  const MYSQL_FIELD* fields = mysql_fetch_fields(about);
  statement.columns.resize(count);
  statement.results.assign(count, MYSQL_BIND{});
  for (unsigned i = 0; i < count; ++i) {
    Column& column = statement.columns[i];
    MYSQL_BIND& to = statement.results[i];
    column.number = is_number(fields[i].type);
    to.is_null = &column.null;
    to.length = &column.length;
    if (column.number) {
      to.buffer_type = MYSQL_TYPE_LONGLONG;
      to.buffer = &column.integer;
      continue;
    }
    column.bytes.resize(std::max<unsigned long>(1, fields[i].max_length));
    to.buffer_type = MYSQL_TYPE_BLOB;
    to.buffer = column.bytes.data();
    to.buffer_length = column.bytes.size();
  }
}

}  // namespace

Result<Rows> Connection::query(std::string_view sql, std::span<const Parameter> parameters) {
  TRY(statement, prepared(sql));
  MYSQL_STMT* handle = statement->handle;
  auto fault = [&] { return failed(mysql_stmt_errno(handle), mysql_stmt_error(handle)); };
  if (mysql_stmt_param_count(handle) != parameters.size()) {
    return base::fail(Code::internal,
                      fmt::format("a statement of {} parameters was given {}",
                                  mysql_stmt_param_count(handle), parameters.size()));
  }
  std::vector<MYSQL_BIND> binds(parameters.size());
  bind(binds, parameters);
  if (!binds.empty() && mysql_stmt_bind_param(handle, binds.data()) != 0) return fault();
  if (mysql_stmt_execute(handle) != 0) return fault();
  statement->changed = mysql_stmt_affected_rows(handle);
  if (mysql_stmt_field_count(handle) == 0) {
    statement->columns.clear();
    return Rows(*statement);
  }
  if (mysql_stmt_store_result(handle) != 0) return fault();
  std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> about(mysql_stmt_result_metadata(handle),
                                                                 &mysql_free_result);
  if (!about) return fault();
  make_columns(*statement, about.get());
  if (mysql_stmt_bind_result(handle, statement->results.data()) != 0) return fault();
  return Rows(*statement);
}

Result<std::int64_t> Connection::number(std::string_view sql) {
  TRY(rows, query(sql));
  TRY(there, rows.next());
  return there ? rows.integer(0) : 0;
}

Rows::~Rows() {
  if (statement_ != nullptr) mysql_stmt_free_result(statement_->handle);
}

Result<bool> Rows::next() {
  if (statement_->columns.empty()) return false;
  int got = mysql_stmt_fetch(statement_->handle);
  if (got == MYSQL_NO_DATA) return false;
  if (got == 0) return true;
  return base::fail(Code::io, fmt::format("database: a row could not be read: {}",
                                          mysql_stmt_error(statement_->handle)));
}

std::int64_t Rows::integer(std::size_t column) const {
  const Column& from = statement_->columns[column];
  return from.null ? 0 : from.integer;
}

bool Rows::is_null(std::size_t column) const { return statement_->columns[column].null != 0; }

std::string_view Rows::bytes(std::size_t column) const {
  const Column& from = statement_->columns[column];
  return from.null ? std::string_view{} : std::string_view(from.bytes.data(), from.length);
}

std::uint64_t Rows::changed() const { return statement_->changed; }

}  // namespace refrain::mysql
