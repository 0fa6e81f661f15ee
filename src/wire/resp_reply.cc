#include <fmt/format.h>

#include <iterator>

#include "wire/resp.h"

namespace refrain::wire::resp {
namespace {

void head(std::string& out, char kind, std::uint64_t count) {
  fmt::format_to(std::back_inserter(out), "{}{}\r\n", kind, count);
}

void clean(std::string& out, std::string_view text) {
  for (char c : text) out += c == '\r' || c == '\n' ? ' ' : c;
  out += "\r\n";
}

}  // namespace

void ReplyWriter::simple(std::string_view text) {
  out_ += '+';
  clean(out_, text);
}

void ReplyWriter::error(std::string_view text) {
  out_ += '-';
  clean(out_, text);
}

void ReplyWriter::integer(std::int64_t value) {
  fmt::format_to(std::back_inserter(out_), ":{}\r\n", value);
}

void ReplyWriter::bulk(std::string_view bytes) {
  head(out_, '$', bytes.size());
  out_ += bytes;
  out_ += "\r\n";
}

void ReplyWriter::bulk_head(std::uint64_t bytes) { head(out_, '$', bytes); }

void ReplyWriter::null() { out_ += version_ == 3 ? "_\r\n" : "$-1\r\n"; }

void ReplyWriter::array(std::size_t count) { head(out_, '*', count); }

void ReplyWriter::map(std::size_t pairs) {
  head(out_, version_ == 3 ? '%' : '*', version_ == 3 ? pairs : 2 * pairs);
}

void ReplyWriter::set(std::size_t count) { head(out_, version_ == 3 ? '~' : '*', count); }

}  // namespace refrain::wire::resp
