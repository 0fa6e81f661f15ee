#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "kv/chain.h"
#include "kv/fingerprint.h"

namespace refrain::kv {

using ObjectId = std::uint64_t;  // never given twice within a store

/// Where an object's bytes are.
enum class Kind : std::uint8_t {
  blocks = 0,  // in blocks that others may share
  file = 1     // in a file of its own: KV without token ids, which nobody can look up
};

/// What an object says of itself: a stored description, under a checksum.
/// The bytes are those of docs/formats/kv_object.md.
struct Manifest {
  Kind kind = Kind::blocks;
  Fingerprint fingerprint{};
  std::vector<Token> tokens{};            // empty for Kind::file
  std::vector<std::int32_t> positions{};  // as many as tokens, or empty: 0, 1, 2, ...
  std::string text{};                     // of the prompt; "" if unknown
  Provenance provenance = Provenance::exact;
  std::vector<std::string> lineage{};  // of approximate KV: what it was made of, newest first
  /// The header of the safetensors file it came as, so that the same bytes go out again; "" if it
  /// did not come as one. With Kind::file the file itself holds it.
  std::string header{};
  /// Kind::file: XXH3-64 of each MiB of the file, the last one shorter.
  std::vector<std::uint64_t> sums{};
  /// Free text pairs of whoever made it.
  std::vector<std::pair<std::string, std::string>> labels{};

  bool operator==(const Manifest&) const = default;
};

std::string encode(const Manifest& manifest);
/// bytes: may be hostile. Errors: corrupt, unsupported (another version).
base::Result<Manifest> decode_manifest(std::string_view bytes);

/// What the store knows of a named object, without its tokens.
struct Description {
  ObjectId id = 0;
  std::string tenant{};
  std::string name{};
  std::uint64_t version = 0;  // 1 for the first of a name; a later one is larger
  std::string model{};
  base::Digest fingerprint{};
  base::Digest content{};  // of everything a reader sees; its ETag
  Kind kind = Kind::blocks;
  Provenance provenance = Provenance::exact;
  std::uint64_t tokens = 0;
  std::uint64_t bytes = 0;  // of the file it came as, else of its keys and values
  base::WallTime created{};
  std::optional<base::WallTime> expires{};
  std::optional<base::WallTime> leased{};  // until then it is not evicted
  bool pinned = false;
  std::uint64_t hits = 0;
  base::WallTime used{};
  std::chrono::microseconds cost{0};  // of computing it again; 0: unknown
};

/// A name is 1 to 255 bytes of printable ASCII without space, slash and backslash, and begins with
/// no dot. Errors: invalid, naming what is wrong.
base::Result<> check_name(std::string_view name);

}  // namespace refrain::kv
