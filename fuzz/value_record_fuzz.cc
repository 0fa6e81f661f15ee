// What is decoded from any bytes encodes to the same bytes, and never reaches beyond them. The
// checksum of the head would hide everything behind it, so each input is tried with it put right.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "values/record.h"

using refrain::values::decode;
using refrain::values::Decoded;

namespace {

constexpr std::uint64_t kSeed = 42;

void check(std::string_view bytes) {
  const std::optional<Decoded> decoded = decode(bytes, kSeed);
  if (!decoded) return;
  const auto& record = decoded->record;
  CHECK(record.space.size() + record.key.size() <= bytes.size(), "names beyond the bytes");
  CHECK(record.value.size() <= bytes.size(), "a value beyond the bytes");
  const bool whole = record.kind != refrain::values::Kind::put ||
                     record.value.size() == record.value_bytes;
  if (!whole || decoded->bytes > bytes.size()) return;
  std::string again(refrain::values::encoded_bytes(record), '\0');
  refrain::values::encode(record, kSeed, again.data());
  const std::optional<Decoded> back = decode(again, kSeed);
  CHECK(back && back->record.key == record.key && back->record.value == record.value &&
            back->pieces == decoded->pieces && back->record.expires == record.expires,
        "a record does not come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  const std::size_t shown = refrain::values::described_bytes(bytes);
  if (shown < 8 || shown > bytes.size()) return 0;
  const std::uint64_t right =
      refrain::base::hash64(std::string_view(bytes).substr(8, shown - 8), kSeed);
  std::memcpy(bytes.data(), &right, sizeof right);
  check(bytes);
  return 0;
}
