// A safetensors file of arbitrary bytes: refused, or one whose tensors fill its data exactly and
// whose header, written again, says the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kv/layout.h"
#include "kv/safetensors.h"

namespace {

namespace st = refrain::kv::safetensors;

void use(st::Header header, std::uint64_t data) {
  std::uint64_t at = 0;
  for (const st::Tensor& tensor : header.tensors) {
    if (tensor.begin != at || tensor.end < at) std::abort();
    at = tensor.end;
  }
  if (at != data) std::abort();
  (void)refrain::kv::contents_of(header);
  const std::string again = st::write(header);
  if (!st::parse(std::string_view(again).substr(8), data)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size > (1U << 16U)) return 0;
  const std::string_view file(reinterpret_cast<const char*>(bytes), size);
  const auto length = st::header_bytes(file.substr(0, 8), size);
  if (!length) return 0;
  const std::uint64_t data = size - 8 - *length;
  if (auto header = st::parse(file.substr(8, *length), data)) use(std::move(*header), data);
  return 0;
}
