#include "kv/object.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace refrain::kv {
namespace {

using base::ByteReader;
using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kMagic = "RFRKVOBJ";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kNameMax = 255;
constexpr std::size_t kSumBytes = 8;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Result<std::vector<std::int32_t>> numbers(ByteReader& in) {
  TRY(count, in.count(4));
  std::vector<std::int32_t> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY(number, in.u32());
    out.push_back(static_cast<std::int32_t>(number));
  }
  return out;
}

void put(base::ByteWriter& out, const std::vector<std::int32_t>& numbers) {
  out.varint(numbers.size());
  for (std::int32_t number : numbers) out.u32(static_cast<std::uint32_t>(number));
}

Result<std::vector<std::string>> texts(ByteReader& in) {
  TRY(count, in.count(1));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    TRY(text, in.text());
    out.emplace_back(text);
  }
  return out;
}

Result<Manifest> read_fields(ByteReader& in) {
  Manifest out;
  TRY(kind, in.u8());
  TRY(provenance, in.u8());
  if (kind > 1 || provenance > 2) {
    return fail(Code::corrupt, fmt::format("manifest: kind {}, provenance {}", kind, provenance));
  }
  out.kind = static_cast<Kind>(kind);
  out.provenance = static_cast<Provenance>(provenance);
  TRY(print, in.text());
  TRY(fingerprint, parse_fingerprint(print));
  out.fingerprint = std::move(fingerprint);
  TRY(tokens, numbers(in));
  out.tokens = std::move(tokens);
  TRY(positions, numbers(in));
  out.positions = std::move(positions);
  TRY(text, in.text());
  out.text = text;
  TRY(lineage, texts(in));
  out.lineage = std::move(lineage);
  TRY(header, in.text());
  out.header = header;
  TRY(sums, in.count(8));
  for (std::size_t i = 0; i < sums; ++i) {
    TRY(sum, in.u64());
    out.sums.push_back(sum);
  }
  TRY(labels, in.count(2));
  for (std::size_t i = 0; i < labels; ++i) {
    TRY(name, in.text());
    TRY(value, in.text());
    out.labels.emplace_back(name, value);
  }
  if (in.left() != 0) {
    return fail(Code::corrupt, fmt::format("manifest: {} bytes behind its end", in.left()));
  }
  if (!out.positions.empty() && out.positions.size() != out.tokens.size()) {
    return fail(Code::corrupt, fmt::format("manifest: {} positions of {} tokens",
                                           out.positions.size(), out.tokens.size()));
  }
  return out;
}

}  // namespace

std::string encode(const Manifest& manifest) {
  base::ByteWriter out;
  out.raw(kMagic);
  out.u32(kVersion);
  out.u8(static_cast<std::uint8_t>(manifest.kind));
  out.u8(static_cast<std::uint8_t>(manifest.provenance));
  out.text(text(manifest.fingerprint));
  put(out, manifest.tokens);
  put(out, manifest.positions);
  out.text(manifest.text);
  out.varint(manifest.lineage.size());
  for (const std::string& parent : manifest.lineage) out.text(parent);
  out.text(manifest.header);
  out.varint(manifest.sums.size());
  for (std::uint64_t sum : manifest.sums) out.u64(sum);
  out.varint(manifest.labels.size());
  for (const auto& [name, value] : manifest.labels) {
    out.text(name);
    out.text(value);
  }
  std::string bytes = out.take();
  base::ByteWriter sum;
  sum.u64(base::hash64(bytes));
  return bytes + sum.take();
}

Result<Manifest> decode_manifest(std::string_view bytes) {
  ByteReader start(bytes);
  TRY(magic, start.raw(kMagic.size()));
  TRY(version, start.u32());
  if (magic != kMagic) return fail(Code::corrupt, "manifest: these bytes are none");
  if (version != kVersion) {
    return fail(Code::unsupported,
                fmt::format("manifest: version {}, this program reads {}", version, kVersion));
  }
  if (start.left() < kSumBytes) return fail(Code::corrupt, "manifest: it ends within its head");
  const std::string_view fields = *start.raw(start.left() - kSumBytes);
  TRY(sum, start.u64());
  if (base::hash64(bytes.substr(0, bytes.size() - kSumBytes)) != sum) {
    return fail(Code::corrupt, "manifest: it fails its checksum");
  }
  ByteReader in(fields);
  return read_fields(in);
}

Result<> check_name(std::string_view name) {
  if (name.empty()) return fail(Code::invalid, "a name is wanted, this one is empty");
  if (name.size() > kNameMax) {
    return fail(Code::invalid,
                fmt::format("a name of {} bytes: {} are allowed", name.size(), kNameMax));
  }
  if (name.front() == '.') {
    return fail(Code::invalid, fmt::format("the name '{}' begins with a dot", name));
  }
  for (char sign : name) {
    const auto code = static_cast<unsigned char>(sign);
    if (code < 0x21 || code > 0x7e || sign == '/' || sign == '\\') {
      return fail(Code::invalid,
                  fmt::format("a name may not hold the character 0x{:02x}: printable ASCII without "
                              "space, / and \\ is allowed",
                              code));
    }
  }
  return {};
}

}  // namespace refrain::kv
