#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/pool.h"
#include "kv/store.h"
#include "net/server.h"

namespace refrain::api {

struct ByteRange {
  std::uint64_t first = 0, last = 0;  // closed
};
enum class RangeKind : std::uint8_t { whole, part, unsatisfiable };
struct AskedRange {
  RangeKind kind = RangeKind::whole;
  ByteRange range{};
};

/// What a Range header asks of `size` bytes. Several ranges, other units and anything malformed are
/// the whole, as RFC 9110, section 14.2, allows.
AskedRange asked_range(std::string_view header, std::uint64_t size);

/// True if an If-None-Match header names this entity tag (with quotes). source: RFC 9110, 13.1.2.
bool names_tag(std::string_view header, std::string_view tag);

/// "0-3" or "2": layers; nullopt for anything else.
std::optional<kv::Layers> parse_layers(std::string_view text);

/// How a file goes out.
struct FileReply {
  std::unique_ptr<kv::Reading> bytes;
  std::string tag;         // ETag with its quotes
  net::Headers headers{};  // further ones
};

/// Answers GET and HEAD with 200, 206, 304 or 416. The bytes are read ahead by the work threads, a
/// piece at a time, as fast as the client takes them.
void reply_file(const std::shared_ptr<net::Exchange>& exchange, FileReply reply, base::Pool& work);

}  // namespace refrain::api
