#include "net/target.h"


namespace refrain::net {
namespace {

int hex_digit(char sign) {
  if (sign >= '0' && sign <= '9') return sign - '0';
  const char lower = static_cast<char>(sign | 0x20);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char sign = text[i];
    if (sign == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      sign = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (sign == '\0') return std::nullopt;
    out += sign;
  }
  return out;
}

}  // namespace

std::optional<Target> split_target(std::string_view target) {
  if (target == "*") return Target{"*", ""};
  if (!target.starts_with('/')) {
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos || scheme == 0) return std::nullopt;
    if (target.find_first_of("/?") < scheme) return std::nullopt;
    const std::size_t rest = target.find_first_of("/?", scheme + 3);
    if (rest == scheme + 3) return std::nullopt;  // no host
    target = rest == std::string_view::npos ? std::string_view() : target.substr(rest);
  }
  const std::size_t mark = target.find('?');
  std::optional<std::string> path = decode(target.substr(0, mark));
  if (!path) return std::nullopt;
  if (path->empty()) *path = "/";
  Target out;
  out.path = std::move(*path);
  if (mark != std::string_view::npos) out.query = target.substr(mark + 1);
  return out;
}

}  // namespace refrain::net
