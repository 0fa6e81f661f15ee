// Any bytes are a map or are refused; a map that was read is written as the same map.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "store/map_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace store = refrain::store;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto map = store::decode_map(bytes)) {
    const auto again = store::decode_map(store::encode_map(map->records, map->last_id));
    CHECK(again && again->records.size() == map->records.size(), "a map that cannot be read again");
  }
  return 0;
}
