#include "wire/headers.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace refrain::wire {
namespace {

constexpr auto kStay = std::to_array<std::string_view>({
    // of one connection, RFC 9110 section 7.6.1
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    // for the proxy, which is us
    "proxy-authenticate", "proxy-authorization", "cache-control",
    // what the next hop writes itself: the body may change, and is neither packed nor waited for
    "host", "content-length", "content-encoding", "accept-encoding", "expect"});

bool named_by(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    std::size_t comma = std::min(list.find(','), list.size());
    std::string_view token = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    token.remove_prefix(std::min(token.find_first_not_of(" \t"), token.size()));
    token = token.substr(0, token.find_last_not_of(" \t") + 1);
    bool equal = std::ranges::equal(token, name, [](char left, char right) {
      return (left >= 'A' && left <= 'Z' ? left - 'A' + 'a' : left) == right;
    });
    if (equal && !name.empty()) return true;
  }
  return false;
}

bool named_by_connection(const chat::Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const auto& header) {
    return header.first == "connection" && named_by(header.second, name);
  });
}

}  // namespace

chat::Headers travelling(const chat::Headers& headers) {
  chat::Headers out;
  for (const auto& header : headers) {
    const std::string& name = header.first;
    if (std::ranges::find(kStay, name) != kStay.end() || name.starts_with("x-refrain-")) continue;
    if (!named_by_connection(headers, name)) out.push_back(header);
  }
  return out;
}

}  // namespace refrain::wire
