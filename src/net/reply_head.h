#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/server.h"

namespace refrain::net {

/// How the peer learns where the body ends.
enum class Framing : std::uint8_t { length, chunked, close, none };

struct ReplyHead {
  int status = 200;
  const Headers& headers;
  std::string_view date;  // as http_date() gives it
  Framing framing = Framing::length;
  std::size_t length = 0;  // with Framing::length
  bool keep_alive = true;
  bool http10 = false;
};

/// Appends status line, headers and the empty line to `out`. A header that would break the head
/// (name not a token, CR, LF or NUL in the value) and those that are the server's own are left out.
/// returns the number of broken headers.
std::size_t append_head(std::string& out, const ReplyHead& head);

/// Appends the line that opens a chunk of `bytes` bytes (> 0).
void append_chunk_size(std::string& out, std::size_t bytes);

/// "Tue, 24 Nov 2026 11:53:33 GMT", whatever the locale. source: RFC 9110, section 5.6.7.
std::string http_date(base::WallTime time);

/// "Not Found"; "Unknown" for a status without a phrase.
std::string_view reason_phrase(int status) noexcept;

/// True for 204 and 304, which never have a body.
bool is_bodiless(int status) noexcept;

/// ASCII letters compare without case.
bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

/// The error body of a server that was given none.
Response plain_error(int status, std::string_view reason, const std::string& path);

}  // namespace refrain::net
