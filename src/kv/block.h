#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "kv/chain.h"
#include "kv/dtype.h"

namespace refrain::kv {

enum class Part : std::uint8_t { key = 0, value = 1 };

/// Where one layer's keys or values lie in a block file.
struct Section {
  Dtype type = Dtype::f16;
  std::uint32_t row_bytes = 0;  // of one token
  std::uint64_t offset = 0;     // in the file; a multiple of 64
  std::uint64_t checksum = 0;   // XXH3-64 of its bytes
};

/// What a block says of itself, before its rows.
struct BlockHead {
  base::Digest hash{};         // next(parent, tokens)
  base::Digest parent{};       // root(space) for the first block
  base::Digest fingerprint{};  // digest(Fingerprint)
  Provenance provenance = Provenance::exact;
  std::vector<Token> tokens{};            // 1 to kBlockTokensMax
  std::vector<std::int32_t> positions{};  // of each token; as many
  std::vector<Section> sections{};        // keys and values of layer 0, of layer 1, ...

  std::uint32_t layers() const noexcept { return static_cast<std::uint32_t>(sections.size() / 2); }
  const Section& section(std::uint32_t layer, Part part) const {
    return sections[2 * layer + static_cast<std::uint32_t>(part)];
  }
  std::uint64_t bytes_of(const Section& section) const noexcept {
    return std::uint64_t{section.row_bytes} * tokens.size();
  }
};

inline constexpr std::size_t kBlockTokensMax = 4096;
inline constexpr std::uint32_t kLayersMax = 1024;
inline constexpr std::uint64_t kBlockBytesMax = std::uint64_t{1} << 32U;

/// Rows of one layer: [tokens][row_bytes], token after token, in the bytes of the engine.
struct Rows {
  std::string_view keys;
  std::string_view values;
};

/// A whole block, verified when it was made. Immutable. Threads: any.
class Block {
 public:
  /// file: all bytes of a block file. Checks structure, name and every checksum.
  /// Errors: corrupt, with the place; unsupported (another version).
  static base::Result<std::shared_ptr<const Block>> decode(std::string file);

  const BlockHead& head() const noexcept { return head_; }
  std::size_t tokens() const noexcept { return head_.tokens.size(); }
  /// Rows of one layer: tokens() x row_bytes. Valid while the block lives.
  Rows rows(std::uint32_t layer) const noexcept;
  /// All bytes, as they are in the file.
  std::string_view file() const noexcept { return file_; }

 private:
  Block(BlockHead head, std::string file) : head_(std::move(head)), file_(std::move(file)) {}
  BlockHead head_;
  std::string file_;
};

/// The bytes of a block file. head: offsets and checksums of its sections are set here.
/// rows: one entry per layer, with exactly the bytes that the sections' row_bytes ask for.
/// Errors: invalid (a size that does not fit), too_large (limits above).
base::Result<std::string> encode_block(BlockHead head, std::span<const Rows> rows);

/// Reads only what comes before the sections. bytes: the beginning of a file, at least
/// head_bytes(bytes) long. Errors as for decode.
base::Result<BlockHead> decode_head(std::string_view bytes);
/// How long the head is, from the first 16 bytes. Errors: corrupt, unsupported.
base::Result<std::size_t> head_bytes(std::string_view first16);
/// Whole length of the file that belongs to a head.
std::uint64_t file_bytes(const BlockHead& head) noexcept;
/// Errors: corrupt, when the bytes are not those that were written.
base::Result<> verify(const Section& section, std::string_view bytes);

}  // namespace refrain::kv
