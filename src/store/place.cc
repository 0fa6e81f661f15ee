#include "store/place.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace refrain::store {
namespace {

using base::Code;
using base::Result;

// Never the whole URL: it may hold a password.
std::unexpected<base::Error> wrong(std::string_view what) {
  return base::fail(Code::invalid, fmt::format("{}; wanted is mysql://user@host:port/database or "
                                               "redis://host:port/number",
                                               what));
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

Result<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    std::optional<int> high, low;
    if (i + 2 < text.size()) high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (!high || !low) return wrong("a % in the store's URL is not followed by two hex digits");
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

// Cuts what comes before the first sign from `rest`; all of it when there is none.
std::string_view cut(std::string_view& rest, char sign) {
  std::size_t at = rest.find(sign);
  std::string_view out = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return out;
}

Result<> read_authority(std::string_view text, Place& out) {
  if (std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    std::string_view user = text.substr(0, at);
    text = text.substr(at + 1);
    if (user.find(':') != std::string_view::npos) {
      return wrong(
          "a password does not belong into the store's URL: set REFRAIN_STORE_PASSWORD or "
          "--store-password-file");
    }
    TRY(name, decoded(user));
    out.user = std::move(name);
  }
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return wrong("the store's host has no closing bracket");
  const std::size_t colon = text.find(':', bracket);
  if (colon != std::string_view::npos) {
    std::string_view port = text.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0) {
      return wrong(fmt::format("'{}' is no port of a store", port));
    }
    text = text.substr(0, colon);
  }
  if (text.starts_with('[')) text = text.substr(1, bracket - 1);
  if (!text.empty()) out.host = text;
  return {};
}

Result<> read_query(std::string_view text, Place& out) {
  while (!text.empty()) {
    std::string_view value = cut(text, '&');
    std::string_view name = cut(value, '=');
    if (name != "socket") return wrong(fmt::format("'{}' is no option of a store's URL", name));
    TRY(path, decoded(value));
    out.socket = std::move(path);
  }
  return {};
}

}  // namespace

std::string Place::label() const {
  const char* scheme = kind == Kind::mysql ? "mysql" : "redis";
  if (!socket.empty()) return fmt::format("{}://{}/{}", scheme, socket, database);
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/{}", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port,
                     database);
}

Result<Place> place_of(std::string_view url) {
  Place out;
  std::string_view rest = url;
  const std::size_t colon = rest.find("://");
  std::string_view scheme = colon == std::string_view::npos ? "" : rest.substr(0, colon);
  if (scheme == "rediss") {
    return wrong(
        "rediss is not spoken (Debian 12's hiredis has no TLS): use a local socket, or a "
        "tunnel such as stunnel");
  }
  if (scheme == "mysql" || scheme == "mariadb") {
    out.kind = Place::Kind::mysql;
    out.port = 3306;
  } else if (scheme == "redis") {
    out.kind = Place::Kind::redis;
    out.port = 6379;
  } else {
    return wrong("the store's kind is unknown");
  }
  rest = rest.substr(scheme.size() + 3);
  std::string_view query = rest;
  std::string_view address = cut(query, '?');
  std::string_view database = address;
  TRY_DO(read_authority(cut(database, '/'), out));
  TRY(name, decoded(database));
  out.database = std::move(name);
  TRY_DO(read_query(query, out));
  if (out.kind == Place::Kind::mysql) {
    if (out.database.empty()) return wrong("the store's URL names no database");
    return out;
  }
  if (out.database.empty()) out.database = "0";
  const bool number = out.database.find_first_not_of("0123456789") == std::string::npos;
  if (!number || out.database.size() > 4) {
    return wrong(fmt::format("'{}' is no number of a Redis database", out.database));
  }
  return out;
}

}  // namespace refrain::store
