// A block file of arbitrary bytes: refused, or one that encodes to the same bytes again. The
// checksum of the head and the name are set right, or nothing behind them would be reached.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/hash.h"
#include "kv/block.h"

namespace {

using refrain::kv::Block;

constexpr std::size_t kBytesMax = 1U << 18U;

std::string mended(std::string file) {
  auto size = refrain::kv::head_bytes(std::string_view(file).substr(0, 16));
  if (!size || *size > file.size()) return file;
  const std::uint64_t sum = refrain::base::hash64(std::string_view(file).substr(0, *size - 8));
  std::memcpy(file.data() + *size - 8, &sum, sizeof sum);
  return file;
}

void use(const Block& block) {
  std::vector<refrain::kv::Rows> rows;
  for (std::uint32_t layer = 0; layer < block.head().layers(); ++layer) {
    rows.push_back(block.rows(layer));
  }
  auto again = refrain::kv::encode_block(block.head(), rows);
  if (!again || *again != block.file()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kBytesMax) return 0;
  std::string file(reinterpret_cast<const char*>(data), size);
  for (const std::string& input : {file, mended(file)}) {
    if (auto block = Block::decode(input)) use(**block);
  }
  return 0;
}
