// A part ends where CRLF, two dashes and the boundary stand. As that may be cut anywhere by the
// pieces in which the body comes, the last bytes that could be its beginning are held back.
#include "api/multipart.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace refrain::api {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kBoundaryMax = 200;  // RFC 2046 says 70; some clients are generous

bool same_letters(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) {
    auto lower = [](char sign) { return sign >= 'A' && sign <= 'Z' ? sign + 32 : sign; };
    return lower(a) == lower(b);
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The value of `name` in "a; name=value; other=\"quoted \\\" value\"".
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at < header.size()) {
    ++at;
    const std::size_t equals = header.find('=', at);
    if (equals == header.npos) return std::nullopt;
    const std::string_view key = trimmed(header.substr(at, equals - at));
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        if (header[at] == '\\' && at + 1 < header.size() && header[at + 1] == '"') ++at;
        value += header[at];
      }
      at = std::min(header.find(';', at), header.size());
    } else {
      const std::size_t end = std::min(header.find(';', at), header.size());
      value = trimmed(header.substr(at, end - at));
      at = end;
    }
    if (same_letters(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> boundary_of(std::string_view content_type) {
  const std::string_view kind = trimmed(content_type.substr(0, content_type.find(';')));
  if (!same_letters(kind, "multipart/form-data")) return std::nullopt;
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryMax) return std::nullopt;
  return boundary;
}

Multipart::Multipart(Options options)
    : options_(std::move(options)), delimiter_("\r\n--" + options_.boundary), held_("\r\n") {}

Result<> Multipart::put(std::string_view bytes, std::string& out) {
  held_ += bytes;
  for (;;) {
    TRY(more, step(out));
    if (!more) return {};
  }
}

// One boundary or head further; false: more bytes are needed.
Result<bool> Multipart::step(std::string& out) {
  if (state_ == State::end) {
    held_.clear();  // an epilogue means nothing
    return false;
  }
  if (state_ == State::head) {
    const std::size_t end = held_.find("\r\n\r\n");
    if (std::min(end, held_.size()) > options_.part_head_max) {
      return fail(Code::invalid,
                  fmt::format("the head of a part is over {} bytes", options_.part_head_max));
    }
    if (held_.starts_with("--")) {
      state_ = State::end;
      return true;
    }
    if (end == held_.npos) return false;
    TRY_DO(read_head(std::string_view(held_).substr(0, end + 2)));
    held_.erase(0, end + 4);
    state_ = State::data;
    return true;
  }
  const std::size_t found = held_.find(delimiter_);
  const std::size_t sure =
      found != held_.npos ? found : held_.size() - std::min(held_.size(), delimiter_.size() - 1);
  if (state_ == State::data && wanted_) out.append(held_, 0, sure);
  if (found == held_.npos) {
    held_.erase(0, sure);
    return false;
  }
  held_.erase(0, found + delimiter_.size());
  state_ = State::head;
  wanted_ = false;
  return true;
}

// head: "\r\nName: value\r\nName: value\r\n".
Result<> Multipart::read_head(std::string_view head) {
  if (++parts_ > options_.parts_max) {
    return fail(Code::invalid, fmt::format("more than {} parts", options_.parts_max));
  }
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !same_letters(line.substr(0, colon), "content-disposition")) continue;
    if (parameter(line, "name") != options_.field) continue;
    if (file_name_) {
      return fail(Code::invalid, fmt::format("there is more than one '{}'", options_.field));
    }
    wanted_ = true;
    file_name_ = parameter(line, "filename").value_or("");
  }
  return {};
}

}  // namespace refrain::api
