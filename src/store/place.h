#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace refrain::store {

/// A database's address, read from a URL.
struct Place {
  enum class Kind : std::uint8_t { mysql, redis };
  Kind kind = Kind::mysql;
  std::string user;                // percent-decoded
  std::string host = "127.0.0.1";  // without brackets
  std::uint16_t port = 0;          // the kind's own where the URL has none
  std::string database;            // mysql: its name; redis: its number, "0" where the URL has none
  std::string socket;              // path of ?socket=; wins over host and port

  /// For log lines: without user and password.
  std::string label() const;
};

/// "mysql://user@host:port/database?socket=path", "redis://user@host:port/number?socket=path".
/// Errors: invalid; a password in the URL is one, as URLs are printed and listed by ps.
base::Result<Place> place_of(std::string_view url);

}  // namespace refrain::store
