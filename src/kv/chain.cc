// XXH3 is not cryptographic: somebody who can choose tokens can make two blocks of one name. So a
// name is never believed alone. Every block says which tokens it holds and which name it follows;
// who walks from the root compares the tokens of each step, and by induction the whole beginning
// has been compared. A name that is taken by other tokens is a conflict, never an overwrite.
#include "kv/chain.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace refrain::kv {
namespace {

constexpr std::string_view kRoot = "refrain kv root 1\n";
constexpr std::string_view kBlock = "refrain kv block 1\n";

// The canonical form of a digest: high half first, both little-endian.
void put(base::ByteWriter& out, const base::Digest& digest) {
  out.u64(digest.high);
  out.u64(digest.low);
}

}  // namespace

std::string_view name(Provenance provenance) noexcept {
  switch (provenance) {
    case Provenance::exact: return "exact";
    case Provenance::repaired: return "repaired";
    case Provenance::borrowed: return "borrowed";
  }
  return "unknown";
}

base::Digest root(const Space& space) {
  base::ByteWriter out;
  out.raw(kRoot);
  put(out, space.fingerprint);
  out.u8(static_cast<std::uint8_t>(space.provenance));
  out.u64(space.object);
  out.raw(space.tenant);
  return base::digest(out.take());
}

base::Digest next(const base::Digest& parent, std::span<const Token> tokens) {
  base::ByteWriter out;
  out.raw(kBlock);
  put(out, parent);
  for (Token token : tokens) out.u32(static_cast<std::uint32_t>(token));
  return base::digest(out.take());
}

std::vector<base::Digest> chain(const Space& space, std::span<const Token> tokens,
                                std::size_t block_tokens) {
  CHECK(block_tokens > 0, "a block holds at least one token");
  std::vector<base::Digest> out;
  base::Digest parent = root(space);
  for (std::size_t at = 0; at < tokens.size(); at += block_tokens) {
    parent = next(parent, tokens.subspan(at, std::min(block_tokens, tokens.size() - at)));
    out.push_back(parent);
  }
  return out;
}

}  // namespace refrain::kv
