// Layout (docs/formats/kv_object.md): a head with its own checksum, then for each layer its keys
// and its values, each at a multiple of 64 bytes with a checksum of its own, so that one section
// can be read and believed without the rest. Offsets are not free: they follow from the sizes, and
// a reader refuses any others, so a file has no place for bytes that nobody checks.
#include "kv/block.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace refrain::kv {
namespace {

using base::ByteReader;
using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kMagic = "RFRKVBLK";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kPrefix = 16;  // magic, version, bytes of the head
constexpr std::size_t kAlign = 64;   // a cache line; also enough for any vector load
constexpr std::size_t kSumBytes = 8;
constexpr std::size_t kFixed = kPrefix + 3 * 16 + 3 * 4 + kSumBytes;
constexpr std::size_t kTokenBytes = 8;  // token and position
constexpr std::size_t kSectionBytes = 4 + 4 + 8 + 8;
constexpr std::size_t kHeadMax =
    kFixed + kBlockTokensMax * kTokenBytes + 2 * kLayersMax * kSectionBytes + kAlign;

std::uint64_t aligned(std::uint64_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

std::size_t head_size(std::size_t tokens, std::size_t sections) {
  return static_cast<std::size_t>(
      aligned(kFixed + tokens * kTokenBytes + sections * kSectionBytes));
}

void put(base::ByteWriter& out, const base::Digest& digest) {
  out.u64(digest.high);
  out.u64(digest.low);
}

Result<base::Digest> take(ByteReader& in) {
  TRY(high, in.u64());
  TRY(low, in.u64());
  return base::Digest{high, low};
}

// Sets offsets; returns the length of the file.
std::uint64_t lay_out(BlockHead& head) {
  std::uint64_t at = head_size(head.tokens.size(), head.sections.size());
  for (Section& section : head.sections) {
    section.offset = at;
    at = aligned(at + head.bytes_of(section));
  }
  return at;
}

std::string encode_head(const BlockHead& head) {
  const std::size_t size = head_size(head.tokens.size(), head.sections.size());
  base::ByteWriter out;
  out.raw(kMagic);
  out.u32(kVersion);
  out.u32(static_cast<std::uint32_t>(size));
  put(out, head.hash);
  put(out, head.parent);
  put(out, head.fingerprint);
  out.u32(static_cast<std::uint32_t>(head.provenance));
  out.u32(static_cast<std::uint32_t>(head.tokens.size()));
  out.u32(static_cast<std::uint32_t>(head.sections.size()));
  for (Token token : head.tokens) out.u32(static_cast<std::uint32_t>(token));
  for (std::int32_t position : head.positions) out.u32(static_cast<std::uint32_t>(position));
  for (const Section& section : head.sections) {
    out.u32(static_cast<std::uint32_t>(section.type));
    out.u32(section.row_bytes);
    out.u64(section.offset);
    out.u64(section.checksum);
  }
  while (out.size() < size - kSumBytes) out.u8(0);
  std::string bytes = out.take();
  base::ByteWriter sum;
  sum.u64(base::hash64(bytes));
  return bytes + sum.take();
}

Result<> check_sizes(const BlockHead& head, std::span<const Rows> rows) {
  if (head.tokens.empty() || head.tokens.size() > kBlockTokensMax) {
    return fail(Code::too_large, fmt::format("a block of {} tokens: 1 to {} are allowed",
                                             head.tokens.size(), kBlockTokensMax));
  }
  if (rows.empty() || rows.size() > kLayersMax) {
    return fail(Code::too_large,
                fmt::format("a block of {} layers: 1 to {} are allowed", rows.size(), kLayersMax));
  }
  if (head.positions.size() != head.tokens.size() || head.sections.size() != 2 * rows.size()) {
    return fail(
        Code::invalid,
        fmt::format("{} tokens with {} positions, {} layers with {} sections", head.tokens.size(),
                    head.positions.size(), rows.size(), head.sections.size()));
  }
  for (std::size_t i = 0; i < head.sections.size(); ++i) {
    const std::string_view bytes = i % 2 == 0 ? rows[i / 2].keys : rows[i / 2].values;
    if (bytes.size() != head.bytes_of(head.sections[i]) || bytes.empty()) {
      return fail(Code::invalid,
                  fmt::format("layer {}: {} bytes of {}, {} tokens of {} bytes are wanted", i / 2,
                              bytes.size(), i % 2 == 0 ? "keys" : "values", head.tokens.size(),
                              head.sections[i].row_bytes));
    }
  }
  return {};
}

Result<Section> read_section(ByteReader& in) {
  TRY(type, in.u32());
  TRY(row_bytes, in.u32());
  TRY(offset, in.u64());
  TRY(checksum, in.u64());
  const auto known = type < 256 ? dtype_of(static_cast<std::uint8_t>(type)) : std::nullopt;
  if (!known) return fail(Code::corrupt, fmt::format("block: unknown type {}", type));
  return Section{*known, row_bytes, offset, checksum};
}

Result<BlockHead> read_fields(ByteReader& in) {
  BlockHead head;
  TRY(hash, take(in));
  TRY(parent, take(in));
  TRY(fingerprint, take(in));
  TRY(provenance, in.u32());
  TRY(tokens, in.u32());
  TRY(sections, in.u32());
  if (provenance > 2 || tokens == 0 || tokens > kBlockTokensMax || sections == 0 ||
      sections % 2 != 0 || sections > 2 * kLayersMax) {
    return fail(Code::corrupt, fmt::format("block: provenance {}, {} tokens, {} sections",
                                           provenance, tokens, sections));
  }
  head.hash = hash;
  head.parent = parent;
  head.fingerprint = fingerprint;
  head.provenance = static_cast<Provenance>(provenance);
  if (in.left() < tokens * kTokenBytes + sections * kSectionBytes) {
    return fail(Code::corrupt, "block: the head is shorter than its counts");
  }
  for (std::uint32_t i = 0; i < tokens; ++i) {
    TRY(token, in.u32());
    head.tokens.push_back(static_cast<Token>(token));
  }
  for (std::uint32_t i = 0; i < tokens; ++i) {
    TRY(position, in.u32());
    head.positions.push_back(static_cast<std::int32_t>(position));
  }
  for (std::uint32_t i = 0; i < sections; ++i) {
    TRY(section, read_section(in));
    head.sections.push_back(section);
  }
  return head;
}

Result<> check_layout(const BlockHead& head) {
  BlockHead wanted = head;
  std::uint64_t total = 0;
  for (const Section& section : head.sections) total += head.bytes_of(section);
  if (total > kBlockBytesMax || lay_out(wanted) > kBlockBytesMax) {
    return fail(Code::corrupt, fmt::format("block: {} bytes of rows", total));
  }
  for (std::size_t i = 0; i < head.sections.size(); ++i) {
    const bool fits =
        head.sections[i].row_bytes > 0 && head.sections[i].offset == wanted.sections[i].offset;
    if (!fits) {
      return fail(Code::corrupt, fmt::format("block: section {} at {} with rows of {}", i,
                                             head.sections[i].offset, head.sections[i].row_bytes));
    }
  }
  return {};
}

}  // namespace

Result<std::size_t> head_bytes(std::string_view first16) {
  ByteReader in(first16);
  TRY(magic, in.raw(kMagic.size()));
  TRY(version, in.u32());
  TRY(size, in.u32());
  if (magic != kMagic) return fail(Code::corrupt, "block: this is no block file");
  if (version != kVersion) {
    return fail(Code::unsupported,
                fmt::format("block: version {}, this program reads {}", version, kVersion));
  }
  if (size < kFixed || size > kHeadMax || size % kAlign != 0) {
    return fail(Code::corrupt, fmt::format("block: a head of {} bytes", size));
  }
  return std::size_t{size};
}

Result<BlockHead> decode_head(std::string_view bytes) {
  TRY(size, head_bytes(bytes.substr(0, kPrefix)));
  if (bytes.size() < size) {
    return fail(Code::corrupt, fmt::format("block: {} bytes of a head of {}", bytes.size(), size));
  }
  ByteReader sum(bytes.substr(size - kSumBytes, kSumBytes));
  TRY(wanted, sum.u64());
  if (base::hash64(bytes.substr(0, size - kSumBytes)) != wanted) {
    return fail(Code::corrupt, "block: the head fails its checksum");
  }
  ByteReader in(bytes.substr(kPrefix, size - kPrefix - kSumBytes));
  TRY(head, read_fields(in));
  if (head_size(head.tokens.size(), head.sections.size()) != size) {
    return fail(Code::corrupt, fmt::format("block: a head of {} bytes does not fit", size));
  }
  const std::string_view padding = *in.raw(in.left());
  if (padding.find_first_not_of('\0') != padding.npos) {
    return fail(Code::corrupt, "block: the padding is not zero");
  }
  TRY_DO(check_layout(head));
  if (next(head.parent, head.tokens) != head.hash) {
    return fail(Code::corrupt,
                fmt::format("block: {} is not the name of its tokens", base::hex(head.hash)));
  }
  return head;
}

std::uint64_t file_bytes(const BlockHead& head) noexcept {
  const Section& last = head.sections.back();
  return aligned(last.offset + head.bytes_of(last));
}

Result<> verify(const Section& section, std::string_view bytes) {
  if (base::hash64(bytes) == section.checksum) return {};
  return fail(Code::corrupt,
              fmt::format("block: the section at {} fails its checksum", section.offset));
}

Result<std::string> encode_block(BlockHead head, std::span<const Rows> rows) {
  TRY_DO(check_sizes(head, rows));
  const std::uint64_t length = lay_out(head);
  if (length > kBlockBytesMax) {
    return fail(Code::too_large,
                fmt::format("a block of {} bytes: {} are allowed", length, kBlockBytesMax));
  }
  for (std::size_t i = 0; i < head.sections.size(); ++i) {
    head.sections[i].checksum = base::hash64(i % 2 == 0 ? rows[i / 2].keys : rows[i / 2].values);
  }
  std::string out = encode_head(head);
  out.reserve(static_cast<std::size_t>(length));
  for (std::size_t i = 0; i < head.sections.size(); ++i) {
    out += i % 2 == 0 ? rows[i / 2].keys : rows[i / 2].values;
    out.resize(static_cast<std::size_t>(aligned(out.size())));
  }
  return out;
}

Result<std::shared_ptr<const Block>> Block::decode(std::string file) {
  TRY(head, decode_head(file));
  if (file_bytes(head) != file.size()) {
    return fail(Code::corrupt,
                fmt::format("block: {} bytes, its head says {}", file.size(), file_bytes(head)));
  }
  const std::string_view all = file;
  for (const Section& section : head.sections) {
    const std::uint64_t bytes = head.bytes_of(section);
    TRY_DO(kv::verify(section, all.substr(section.offset, bytes)));
    const std::uint64_t end = section.offset + bytes;
    const std::string_view padding = all.substr(end, aligned(end) - end);
    if (padding.find_first_not_of('\0') != padding.npos) {
      return fail(Code::corrupt,
                  fmt::format("block: bytes behind the section at {}", section.offset));
    }
  }
  return std::shared_ptr<const Block>(new Block(std::move(head), std::move(file)));
}

Rows Block::rows(std::uint32_t layer) const noexcept {
  const std::string_view all = file_;
  const Section& keys = head_.section(layer, Part::key);
  const Section& values = head_.section(layer, Part::value);
  return {all.substr(keys.offset, head_.bytes_of(keys)),
          all.substr(values.offset, head_.bytes_of(values))};
}

}  // namespace refrain::kv
