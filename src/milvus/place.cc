#include <charconv>

#include <fmt/format.h>

#include "base/hash.h"
#include "milvus/client.h"

namespace refrain::milvus {
namespace {

using base::Code;
using base::fail;

constexpr std::string_view kScheme = "milvus://";
constexpr std::size_t kNameMax = 255;  // of a collection, in Milvus
constexpr std::size_t kMilvusDimMax = 32'768;

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kNameMax) return false;
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (c < '0' || c > '9')) return false;
  }
  return text[0] < '0' || text[0] > '9';
}

}  // namespace

base::Result<> Place::check() const {
  if (host.empty() || port == 0) return fail(Code::invalid, "milvus: no host and port");
  if (!is_name(collection)) {
    return fail(Code::invalid, fmt::format("milvus: '{}' is no name of a collection", collection));
  }
  if (dim < 2 || dim > kMilvusDimMax) {
    return fail(Code::invalid, fmt::format("milvus: vectors of {} dimensions, 2 to {} are possible",
                                           dim, kMilvusDimMax));
  }
  return {};
}

base::Result<Place> parse_place(std::string_view url) {
  const auto wrong = [&] {
    return fail(Code::invalid, fmt::format("'{}' is no milvus://HOST:PORT", url));
  };
  if (!url.starts_with(kScheme)) return wrong();
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  Place place;
  const std::size_t bracket = rest.rfind(']');
  const std::size_t colon = rest.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  place.host = rest.substr(0, has_port ? colon : rest.size());
  if (has_port) {
    const std::string_view port = rest.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), place.port);
    if (error != std::errc{} || end != port.data() + port.size() || place.port == 0) return wrong();
  }
  if (place.host.empty() || place.host.find_first_of("/@ ") != std::string::npos) return wrong();
  return place;
}

std::string collection_name(std::string_view embedder, std::size_t dim) {
  return fmt::format("refrain_{}_{}", base::hex(base::digest(embedder)).substr(0, 16), dim);
}

}  // namespace refrain::milvus
