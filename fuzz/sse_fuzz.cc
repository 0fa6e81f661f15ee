// The events of a stream do not depend on how its bytes come. The first byte says how they are cut.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "wire/sse.h"

using refrain::wire::SseEvent;
using refrain::wire::SseParser;

namespace {

constexpr SseParser::Options kOptions{.line_bytes_max = 512, .event_bytes_max = 1024};

struct Outcome {
  std::vector<SseEvent> events;
  std::optional<SseEvent> rest;
  bool too_large = false;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  Outcome out;
  SseParser parser(kOptions);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto events = parser.feed(bytes.substr(at, piece));
    if (!events) {
      out.too_large = true;
      return out;
    }
    out.events.insert(out.events.end(), events->begin(), events->end());
  }
  out.rest = parser.finish();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Outcome whole = read(bytes, bytes.size());
  for (std::size_t piece : {std::size_t{1}, std::size_t{data[0]} + 1}) {
    Outcome split = read(bytes, piece);
    CHECK(split.too_large == whole.too_large, "a limit depends on the split");
    // With an error, the events before it are given in another feed, or not at all.
    if (whole.too_large) continue;
    CHECK(split.events == whole.events, "the events depend on the split");
    CHECK(split.rest == whole.rest, "the rest depends on the split");
  }
  std::string again;
  for (const SseEvent& event : whole.events) {
    if (event.data.find('\r') == std::string::npos) refrain::wire::append_event(event.data, again);
  }
  for (const SseEvent& event : read(again, again.size()).events) {
    CHECK(event.event.empty(), "what was written is read back without a type");
  }
  return 0;
}
