#include "api/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace refrain::api {
namespace {

bool is_port(std::string_view text) {
  return text.empty() || (text.starts_with(':') && std::ranges::all_of(text.substr(1), [](char c) {
                            return c >= '0' && c <= '9';
                          }));
}

}  // namespace

bool names_loopback(std::string_view host) noexcept {
  constexpr std::string_view kV6 = "[::1]";
  if (host.starts_with(kV6)) return is_port(host.substr(kV6.size()));
  std::string_view name = host.substr(0, host.find(':'));
  if (!is_port(host.substr(name.size()))) return false;
  if (name == "localhost") return true;
  std::array<char, INET_ADDRSTRLEN> text{};
  if (name.size() >= text.size()) return false;
  std::ranges::copy(name, text.begin());
  in_addr address{};
  return inet_pton(AF_INET, text.data(), &address) == 1 && ntohl(address.s_addr) >> 24U == 127;
}

}  // namespace refrain::api
