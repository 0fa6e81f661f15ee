// The header is a JSON object: tensor name -> {dtype, shape, data_offsets [begin, end)}, offsets
// counted from the end of the header; the name __metadata__ holds free text and is skipped. A file
// may come from anywhere, so no number of it is used before it is compared with the file's size.
#include "tools/gguf/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "json/value.h"

namespace refrain::gguf {
namespace {

using base::Code;
using base::fail;

struct Kind {
  std::string_view name;
  Dtype dtype;
  std::uint64_t bytes;
};

constexpr Kind kKinds[] = {{"F32", Dtype::f32, 4},   {"F16", Dtype::f16, 2},
                           {"BF16", Dtype::bf16, 2}, {"F64", Dtype::other, 8},
                           {"I64", Dtype::other, 8}, {"I32", Dtype::other, 4},
                           {"I16", Dtype::other, 2}, {"I8", Dtype::other, 1},
                           {"U8", Dtype::other, 1},  {"BOOL", Dtype::other, 1}};

const Kind* kind_of(std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

// Non-negative integers; nullopt if the value is anything else.
std::optional<std::vector<std::uint64_t>> counts(const json::Value* value) {
  if (!value || !value->array()) return std::nullopt;
  std::vector<std::uint64_t> out;
  for (const json::Value& item : *value->array()) {
    const auto number = item.as_int();
    if (!number || *number < 0) return std::nullopt;
    out.push_back(static_cast<std::uint64_t>(*number));
  }
  return out;
}

// bytes_each x the product of the shape; nullopt on overflow.
std::optional<std::uint64_t> size_of(const std::vector<std::uint64_t>& shape,
                                     std::uint64_t bytes_each) {
  std::uint64_t total = bytes_each;
  for (const std::uint64_t count : shape) {
    if (count != 0 && total > std::numeric_limits<std::uint64_t>::max() / count)
      return std::nullopt;
    total *= count;
  }
  return total;
}

base::Result<Tensor> read_tensor(const json::Member& member, std::string_view data) {
  const std::string_view dtype = member.value.text("dtype");
  const Kind* kind = kind_of(dtype);
  if (!kind) {
    return fail(Code::corrupt, fmt::format("tensor {}: unknown dtype '{}'", member.name, dtype));
  }
  auto shape = counts(member.value.find("shape"));
  const auto offsets = counts(member.value.find("data_offsets"));
  if (!shape || !offsets || offsets->size() != 2) {
    return fail(Code::corrupt, fmt::format("tensor {}: no shape or data_offsets", member.name));
  }
  const std::uint64_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || end > data.size()) {
    return fail(Code::corrupt, fmt::format("tensor {}: bytes {} to {} of {}", member.name, begin,
                                           end, data.size()));
  }
  const auto wanted = size_of(*shape, kind->bytes);
  if (!wanted || *wanted != end - begin) {
    return fail(Code::corrupt,
                fmt::format("tensor {}: {} bytes do not fit its shape", member.name, end - begin));
  }
  return Tensor{kind->dtype, std::move(*shape), data.substr(begin, end - begin)};
}

// Bytes of two tensors at once are no layout that a writer makes: each could be read as the other.
// Returns the sentence about the first pair, or "".
std::string overlap(const std::map<std::string, Tensor, std::less<>>& tensors) {
  std::vector<std::pair<std::string_view, std::string_view>> spans;  // bytes, name
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.bytes.empty()) spans.emplace_back(tensor.bytes, name);
  }
  std::ranges::sort(spans, {}, [](const auto& span) { return span.first.data(); });
  for (std::size_t i = 1; i < spans.size(); ++i) {
    const std::string_view before = spans[i - 1].first;
    if (before.data() + before.size() <= spans[i].first.data()) continue;
    return fmt::format("tensors {} and {} overlap", spans[i - 1].second, spans[i].second);
  }
  return "";
}

float from_half(std::uint16_t half) noexcept {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {  // zero and subnormal: fraction x 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (wide << 23U) | (fraction << 13U));
}

}  // namespace

std::uint64_t Tensor::elements() const noexcept {
  std::uint64_t total = 1;
  for (const std::uint64_t count : shape) total *= count;
  return total;
}

base::Result<std::vector<float>> Tensor::floats() const {
  std::vector<float> out(elements());
  if (dtype == Dtype::f32) {
    if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
  if (dtype == Dtype::other) return fail(Code::unsupported, "tensor does not hold real numbers");
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes.data() + 2 * i, 2);
    out[i] = dtype == Dtype::f16 ? from_half(half)
                                 : std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16U);
  }
  return out;
}

base::Result<SafeTensors> SafeTensors::open(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Code::io, fmt::format("{}: cannot be opened", file));
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) return fail(Code::io, fmt::format("{}: cannot be read", file));
  auto parsed = parse(std::move(bytes));
  if (!parsed) return fail(parsed.error().code, fmt::format("{}: {}", file, parsed.error().what));
  return parsed;
}

base::Result<SafeTensors> SafeTensors::parse(std::string bytes) {
  SafeTensors out;
  out.bytes_.assign(bytes.begin(), bytes.end());
  const std::string_view whole(out.bytes_.data(), out.bytes_.size());
  base::ByteReader reader(whole);
  TRY(length, reader.u64());
  if (length > reader.left()) {
    return fail(Code::corrupt,
                fmt::format("header of {} bytes in a file of {}", length, whole.size()));
  }
  auto header = json::parse(whole.substr(8, length));
  if (!header) return fail(Code::corrupt, fmt::format("header: {}", header.error().what));
  if (!header->object()) {
    return fail(Code::corrupt, fmt::format("header is a JSON {}, not an object", header->kind()));
  }
  const std::string_view data = whole.substr(8 + length);
  for (const json::Member& member : *header->object()) {
    if (member.name == "__metadata__") continue;
    TRY(tensor, read_tensor(member, data));
    out.tensors_.emplace(member.name, std::move(tensor));
  }
  if (std::string what = overlap(out.tensors_); !what.empty()) return fail(Code::corrupt, what);
  return out;
}

const Tensor* SafeTensors::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace refrain::gguf
