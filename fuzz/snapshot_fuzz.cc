// A snapshot of arbitrary bytes: refused, or an index that searches, erases and learns without
// harm. The checksum is set right, or nothing behind it would ever be reached.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "index/snapshot.h"
#include "index/spaces.h"

namespace {

using refrain::index::Spaces;

constexpr std::size_t kBytesMax = 1U << 16U;

void use(Spaces& spaces) {
  const std::vector<float> query{1, 0, 0, 0};
  for (std::uint64_t space = 0; space < 8; ++space) {
    if (!spaces.search({space, space + 1}, query, 3)) {
      std::abort();
    }
  }
  const refrain::key::EntryId ids[] = {1, 2, 11, 12, 13};
  const std::size_t size = spaces.size();
  if (spaces.erase(ids) + spaces.size() != size || !spaces.upsert({3, 4}, 99, query)) {
    std::abort();
  }
  spaces.upkeep();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8 || size > kBytesMax) {
    return 0;
  }
  std::string file(reinterpret_cast<const char*>(data), size - 8);
  const std::uint64_t sum = refrain::index::checksum(file);
  file.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  Spaces::Options options;
  options.dim = 4;
  options.embedder = "test/1";
  options.flat_max = 100;
  if (const auto loaded = Spaces::decode(file, options)) {
    use(*loaded->spaces);
  }
  return 0;
}
