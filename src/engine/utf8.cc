#include "engine/utf8.h"

#include <algorithm>

namespace refrain::engine {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Length by the first byte; 0: no character begins with it (RFC 3629).
std::size_t length_of(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80) return 1;
  if (byte >= 0xC2 && byte < 0xE0) return 2;
  if (byte >= 0xE0 && byte < 0xF0) return 3;
  return byte >= 0xF0 && byte < 0xF5 ? 4 : 0;
}

// The second byte's range depends on the first: no overlong forms, surrogates, beyond U+10FFFF.
bool second_fits(char first, char second) {
  const auto byte = static_cast<unsigned char>(second);
  switch (static_cast<unsigned char>(first)) {
    case 0xE0: return byte >= 0xA0 && byte < 0xC0;
    case 0xED: return byte >= 0x80 && byte < 0xA0;
    case 0xF0: return byte >= 0x90 && byte < 0xC0;
    case 0xF4: return byte >= 0x80 && byte < 0x90;
    default: return continues(second);
  }
}

// How many of the first bytes are, or could become, one character. whole: they are.
struct Character {
  std::size_t bytes;
  bool whole;
};

Character character(std::string_view text) {
  const std::size_t length = length_of(text.front());
  if (length == 0) return {1, false};
  std::size_t got = 1;
  while (got < std::min(length, text.size())) {
    const bool fits = got == 1 ? second_fits(text[0], text[1]) : continues(text[got]);
    if (!fits) return {got, false};
    ++got;
  }
  return {got, got == length};
}

}  // namespace

std::size_t unfinished(std::string_view bytes) noexcept {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const std::string_view tail = bytes.substr(bytes.size() - back);
    if (continues(tail.front())) continue;
    const Character last = character(tail);
    const bool may_grow = !last.whole && last.bytes == back && length_of(tail.front()) > back;
    return may_grow ? back : 0;
  }
  return 0;
}

std::string readable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Character next = character(bytes);
    if (next.whole) {
      out += bytes.substr(0, next.bytes);
    } else {
      out += "\xEF\xBF\xBD";
    }
    bytes.remove_prefix(next.bytes);
  }
  return out;
}

}  // namespace refrain::engine
