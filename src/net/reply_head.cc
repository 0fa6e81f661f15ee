// The head of a reply is written by hand into a string that the connection keeps: about 200 bytes
// appended, no allocation after the first reply. Beast's serializer was refused because its fields
// container allocates once per header and its buffers come out as a dozen pieces.
#include "net/reply_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace refrain::net {
namespace {

char lower(char sign) noexcept {
  return sign >= 'A' && sign <= 'Z' ? static_cast<char>(sign | 0x20) : sign;
}

bool is_token(std::string_view name) noexcept {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [](char sign) {
    const char letter = lower(sign);
    return (letter >= 'a' && letter <= 'z') || (sign >= '0' && sign <= '9') ||
           kOthers.find(sign) != std::string_view::npos;
  });
}

bool is_ours(std::string_view name) noexcept {
  switch (name.size()) {
    case 4: return equal_ignoring_case(name, "date");
    case 10: return equal_ignoring_case(name, "connection") ||
                    equal_ignoring_case(name, "keep-alive");
    case 14: return equal_ignoring_case(name, "content-length");
    case 17: return equal_ignoring_case(name, "transfer-encoding");
    default: return false;
  }
}

void append_number(std::string& out, std::size_t number, int base = 10) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
  out.append(digits.data(), end.ptr);
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

const std::string* find(const Headers& headers, std::string_view lower_case_name) noexcept {
  for (const auto& [name, value] : headers) {
    if (name.size() == lower_case_name.size() && equal_ignoring_case(name, lower_case_name)) {
      return &value;
    }
  }
  return nullptr;
}

bool is_bodiless(int status) noexcept { return status == 204 || status == 304; }

std::size_t append_head(std::string& out, const ReplyHead& head) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(head.status));
  out += ' ';
  out += reason_phrase(head.status);
  out += "\r\ndate: ";
  out += head.date;
  out += "\r\n";
  std::size_t broken = 0;
  for (const auto& [name, value] : head.headers) {
    if (is_ours(name)) continue;
    if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
      ++broken;
      continue;
    }
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (head.framing == Framing::length) {
    out += "content-length: ";
    append_number(out, head.length);
    out += "\r\n";
  } else if (head.framing == Framing::chunked) {
    out += "transfer-encoding: chunked\r\n";
  }
  if (!head.keep_alive) {
    out += "connection: close\r\n";
  } else if (head.http10) {
    out += "connection: keep-alive\r\n";
  }
  out += "\r\n";
  return broken;
}

void append_chunk_size(std::string& out, std::size_t bytes) {
  append_number(out, bytes, 16);
  out += "\r\n";
}

std::string http_date(base::WallTime time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[std::chrono::weekday(days).c_encoding()],
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 424: return "Failed Dependency";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 529: return "Overloaded";
    default: return "Unknown";
  }
}

Response plain_error(int status, std::string_view reason, const std::string& /*path*/) {
  const std::string_view type = status < 500 ? "invalid_request_error" : "server_error";
  // The reasons are our own sentences, without quotes or control characters.
  return {status,
          {{"content-type", "application/json"}},
          fmt::format(R"({{"error":{{"message":"{}","type":"{}","code":{}}}}})", reason, type,
                      status)};
}

}  // namespace refrain::net
