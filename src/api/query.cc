#include "api/query.h"

#include <charconv>

namespace refrain::api {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    std::string_view digits = text.substr(i + 1, 2);
    const char* end = digits.data() + digits.size();
    bool escape = text[i] == '%' && digits.size() == 2 &&
                  std::from_chars(digits.data(), end, value, 16).ptr == end;
    if (escape) i += 2;
    char plain = text[i] == '+' ? ' ' : text[i];
    out += escape ? static_cast<char>(value) : plain;
  }
  return out;
}

}  // namespace

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return decoded(pair.substr(equals + 1));
    }
  }
  return std::nullopt;
}

}  // namespace refrain::api
