#include <sys/resource.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "tests/support/echo_upstream/server.h"

namespace {

constexpr std::string_view kHelp =
    R"(echo_upstream: pretends to be a model API on loopback. Prints its port, serves until killed.

  --port N               0 (the default): a free one
  --delay-ms N           before the first byte of a reply
  --events N             pieces of an answer (1): "gen-<n>", " w1", " w2"; n counts the POSTs
  --event-interval-ms N  between the events of a stream
  --answer-bytes N       pads an answer to so many bytes

OpenAI: POST /v1/chat/completions, /v1/completions, /v1/embeddings; GET /v1/models
TGI:    POST /generate, /generate_stream, /; GET /info, /health
GET /count: {"count": POSTs, "open": replies not ended, "left_early": clients that did not wait}
GET /last:  the body of the last POST

Marks in a body:
  [[429]]           status 429 with Retry-After: 7
  [[500]]           status 500 with an error object
  [[stall]]         nothing, or one event of a stream, and then silence
  [[cut]]           half of a reply, then the connection closes
  [[wrong-length]]  a Content-Length that is 50 too large, then the connection closes
  [[error200]]      an error object with status 200; in a stream after the first event
  [[split-bytes]]   a stream whose every byte is a chunk and a packet
  [[tools]]         a tool call
  [[slow]]          300 ms to the first byte, then 20 events 50 ms apart
)";

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Flags {
  std::uint16_t port = 0;
  refrain::echo::Settings settings;
};

bool set(Flags& flags, std::string_view name, std::uint64_t value) {
  using std::chrono::milliseconds;
  if (name == "--port")
    flags.port = static_cast<std::uint16_t>(value);
  else if (name == "--delay-ms")
    flags.settings.delay = milliseconds(value);
  else if (name == "--events")
    flags.settings.events = value;
  else if (name == "--event-interval-ms")
    flags.settings.interval = milliseconds(value);
  else if (name == "--answer-bytes")
    flags.settings.answer_bytes = value;
  else
    return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; i += 2) {
    auto value = i + 1 < argc ? number(argv[i + 1]) : std::nullopt;
    if (!value || !set(flags, argv[i], *value)) {
      fmt::print(stderr, "{}", kHelp);
      return 2;
    }
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  auto server = refrain::echo::Server::open(flags.port, flags.settings);
  if (!server) {
    fmt::print(stderr, "echo_upstream: {}\n", server.error().what);
    return 1;
  }
  fmt::print("{}\n", (*server)->port());
  std::fflush(stdout);
  (*server)->run();
}
