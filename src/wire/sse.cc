// Server-sent events arrive in pieces that end anywhere: inside a line, between CR and LF, inside
// the byte order mark. The parser therefore keeps only what a later byte can still change: the line
// whose end has not come, the event whose blank line has not come, how much of the mark was
// compared, and whether the last byte was a CR. An LF that follows a CR belongs to it; it is
// dropped when it comes, so a line never waits for the byte after its CR. A line that lies in one
// piece is not copied; only what crosses a piece is gathered in pending_.
#include "wire/sse.h"

#include <algorithm>
#include <utility>

namespace refrain::wire {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

std::unexpected<base::Error> too_large(std::string_view what, std::size_t limit) {
  return base::fail(base::Code::too_large, "event stream: " + std::string(what) + " over " +
                                               std::to_string(limit) + " bytes");
}

}  // namespace

base::Result<std::vector<SseEvent>> SseParser::feed(std::string_view bytes) {
  std::vector<SseEvent> out;
  while (mark_seen_ < kMark.size() && !bytes.empty()) {
    if (bytes.front() == kMark[mark_seen_]) {
      ++mark_seen_;
      bytes.remove_prefix(1);
    } else {
      pending_ = kMark.substr(0, mark_seen_);
      mark_seen_ = kMark.size();
    }
  }
  while (!bytes.empty()) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const char* end = std::find_if(bytes.begin(), bytes.end(),
                                   [](char byte) { return byte == '\n' || byte == '\r'; });
    std::string_view part(bytes.data(), static_cast<std::size_t>(end - bytes.begin()));
    if (pending_.size() + part.size() > options_.line_bytes_max) {
      return too_large("a line", options_.line_bytes_max);
    }
    if (end == bytes.end()) {
      pending_ += part;
      break;
    }
    after_return_ = *end == '\r';
    bytes.remove_prefix(part.size() + 1);
    if (pending_.empty()) {
      TRY_DO(line(part, out));
    } else {
      pending_ += part;
      std::string whole = std::exchange(pending_, {});
      TRY_DO(line(whole, out));
    }
  }
  return out;
}

base::Result<> SseParser::line(std::string_view text, std::vector<SseEvent>& out) {
  if (text.empty()) {
    if (has_data_) out.push_back(std::move(event_));
    event_ = {};
    has_data_ = false;
    return {};
  }
  std::size_t colon = std::min(text.find(':'), text.size());
  std::string_view name = text.substr(0, colon);
  std::string_view value = text.substr(std::min(colon + 1, text.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (event_.data.size() + value.size() + 1 > options_.event_bytes_max) {
      return too_large("an event", options_.event_bytes_max);
    }
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (name == "event") {
    event_.event = value;
  }
  return {};
}

std::optional<SseEvent> SseParser::finish() {
  if (!pending_.empty()) {
    std::vector<SseEvent> none;
    std::string last = std::exchange(pending_, {});
    // A last piece over the limit is dropped like the event that it belongs to.
    if (!line(last, none)) return std::exchange(event_, {});
  }
  if (!has_data_ && event_.event.empty()) return std::nullopt;
  has_data_ = false;
  return std::exchange(event_, {});
}

bool is_done(std::string_view data) noexcept {
  while (data.ends_with(' ')) data.remove_suffix(1);
  while (data.starts_with(' ')) data.remove_prefix(1);
  return data == "[DONE]";
}

void append_event(std::string_view data, std::string& out) {
  for (;;) {
    std::size_t end = data.find('\n');
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  out += '\n';
}

}  // namespace refrain::wire
