#include "wire/text.h"

#include <algorithm>
#include <cstddef>

namespace refrain::wire {
namespace {

constexpr std::size_t kPieceBytesMin = 64;
constexpr std::size_t kPieces = 16;

/// Bytes of the UTF-8 sequence that begins the text; 0: none does (RFC 3629, table of section 4).
std::size_t sequence(std::string_view text) {
  auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  auto tail = [&](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
  unsigned char first = at(0);
  unsigned char second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    bool overlong = first == 0xE0 && second < 0xA0;
    bool surrogate = first == 0xED && second > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    bool overlong = first == 0xF0 && second < 0x90;
    bool beyond = first == 0xF4 && second > 0x8F;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string readable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = sequence(text);
    if (length == 0) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::vector<std::string_view> pieces(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t least = std::max(kPieceBytesMin, text.size() / kPieces);
  while (text.size() > least) {
    std::size_t space = text.find(' ', least - 1);
    if (space == std::string_view::npos) break;
    out.push_back(text.substr(0, space + 1));
    text.remove_prefix(space + 1);
  }
  if (!text.empty()) out.push_back(text);
  return out;
}

}  // namespace refrain::wire
