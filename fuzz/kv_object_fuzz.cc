// A manifest of arbitrary bytes: refused, or one that reads back from what it encodes to. The
// checksum is set right, or nothing behind it would be reached.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/hash.h"
#include "kv/object.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8 || size > (1U << 16U)) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size - 8);
  const std::uint64_t sum = refrain::base::hash64(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  if (auto manifest = refrain::kv::decode_manifest(bytes)) {
    auto again = refrain::kv::decode_manifest(refrain::kv::encode(*manifest));
    if (!again || *again != *manifest) std::abort();
  }
  return 0;
}
