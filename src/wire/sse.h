#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::wire {

/// One server-sent event. event: its type, "" where none was named. Ids and retry times are not
/// kept: nothing here reconnects.
struct SseEvent {
  std::string event, data;
  bool operator==(const SseEvent&) const = default;
};

/// Reads a text/event-stream in any pieces; the events do not depend on where the pieces end.
/// Threads: one at a time. source: WHATWG HTML, section 9.2 (server-sent events).
class SseParser {
 public:
  struct Options {
    std::size_t line_bytes_max = std::size_t{8} << 20;    // one line without its end
    std::size_t event_bytes_max = std::size_t{16} << 20;  // data of one event
  };

  SseParser() = default;
  explicit SseParser(const Options& options) : options_(options) {}

  /// The events that these bytes complete, in order. Comments, ids and unknown fields are skipped.
  /// Errors: too_large (a line or an event over its limit); the parser must not be fed after that.
  base::Result<std::vector<SseEvent>> feed(std::string_view bytes);

  /// Call once when the stream has ended. Returns what was begun but not ended by a blank line; a
  /// browser would drop it, and so must the caller unless it is a terminal mark such as [DONE].
  std::optional<SseEvent> finish();

 private:
  base::Result<> line(std::string_view text, std::vector<SseEvent>& out);

  Options options_;
  std::string pending_;        // a line whose end has not come
  SseEvent event_;
  bool has_data_ = false;
  bool after_return_ = false;  // the last byte was CR: an LF that follows belongs to it
  std::uint8_t mark_seen_ = 0; // bytes of the byte order mark compared so far; 3: past it
};

/// True for "[DONE]", the terminal mark of OpenAI streams.
bool is_done(std::string_view data) noexcept;

/// The terminal mark as a server writes it.
inline constexpr std::string_view kDone = "data: [DONE]\n\n";

/// Appends one event "data: ...", a line for each line of data, and the blank line.
void append_event(std::string_view data, std::string& out);

}  // namespace refrain::wire
