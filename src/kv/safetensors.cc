#include "kv/safetensors.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/bytes.h"
#include "json/value.h"

namespace refrain::kv::safetensors {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kDepthMax = 4;

struct Kind {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr Kind kKinds[] = {{"F64", 8},     {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F8_E4M3", 1},
                           {"F8_E5M2", 1}, {"I64", 8}, {"I32", 4}, {"I16", 2},  {"I8", 1},
                           {"U64", 8},     {"U32", 4}, {"U16", 2}, {"U8", 1},   {"BOOL", 1}};

// Non-negative integers; nullopt if the value is anything else, or longer than `most`.
std::optional<std::vector<std::uint64_t>> counts(const json::Value* value, std::size_t most) {
  if (!value || !value->array() || value->array()->size() > most) return std::nullopt;
  std::vector<std::uint64_t> out;
  for (const json::Value& item : *value->array()) {
    const auto number = item.as_int();
    if (!number || *number < 0) return std::nullopt;
    out.push_back(static_cast<std::uint64_t>(*number));
  }
  return out;
}

std::optional<std::uint64_t> product(const std::vector<std::uint64_t>& shape, std::uint64_t each) {
  std::uint64_t total = each;
  for (const std::uint64_t count : shape) {
    if (count != 0 && total > std::numeric_limits<std::uint64_t>::max() / count) {
      return std::nullopt;
    }
    total *= count;
  }
  return total;
}

Result<Tensor> read_tensor(const json::Member& member, std::uint64_t data_bytes,
                           const Limits& limits) {
  if (member.name.empty() || member.name.size() > limits.name_bytes_max) {
    return fail(Code::too_large, fmt::format("a tensor name of {} bytes, 1 to {} are allowed",
                                             member.name.size(), limits.name_bytes_max));
  }
  if (!member.value.is_object()) {
    return fail(Code::corrupt,
                fmt::format("tensor {}: a JSON {}, no object", member.name, member.value.kind()));
  }
  const std::string_view dtype = member.value.text("dtype");
  const std::uint64_t each = dtype_bytes(dtype);
  if (each == 0) {
    return fail(Code::unsupported,
                fmt::format("tensor {}: unknown dtype '{}'", member.name, dtype.substr(0, 32)));
  }
  auto shape = counts(member.value.find("shape"), limits.rank_max);
  const auto offsets = counts(member.value.find("data_offsets"), 2);
  if (!shape || !offsets || offsets->size() != 2) {
    return fail(Code::corrupt, fmt::format("tensor {}: no shape or data_offsets", member.name));
  }
  const std::uint64_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || end > data_bytes) {
    return fail(Code::corrupt, fmt::format("tensor {}: bytes {} to {} of {}", member.name, begin,
                                           end, data_bytes));
  }
  const auto wanted = product(*shape, each);
  if (!wanted || *wanted != end - begin) {
    return fail(Code::corrupt,
                fmt::format("tensor {}: {} bytes do not fit its shape", member.name, end - begin));
  }
  return Tensor{member.name, std::string(dtype), std::move(*shape), begin, end};
}

Result<std::vector<std::pair<std::string, std::string>>> read_metadata(const json::Value& value,
                                                                       const Limits& limits) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!value.is_object()) return fail(Code::corrupt, "__metadata__ is no object");
  if (value.object()->size() > limits.metadata_max) {
    return fail(Code::too_large, fmt::format("__metadata__ has {} entries, {} are allowed",
                                             value.object()->size(), limits.metadata_max));
  }
  for (const json::Member& member : *value.object()) {
    if (!member.value.is_string()) {
      return fail(Code::corrupt,
                  fmt::format("__metadata__: '{}' is no string", member.name.substr(0, 80)));
    }
    out.emplace_back(member.name, *member.value.string());
  }
  return out;
}

Result<> check_order(const std::vector<Tensor>& tensors, std::uint64_t data_bytes) {
  std::uint64_t at = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.begin != at) {
      return fail(Code::corrupt, fmt::format("tensor {}: begins at byte {}, the one before ends at "
                                             "{}",
                                             tensor.name, tensor.begin, at));
    }
    at = tensor.end;
  }
  if (at == data_bytes) return {};
  return fail(Code::corrupt,
              fmt::format("the tensors end at byte {}, the file at {}", at, data_bytes));
}

}  // namespace

const std::string* Header::find(std::string_view key) const noexcept {
  for (const auto& [name, value] : metadata) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::uint64_t dtype_bytes(std::string_view dtype) noexcept {
  for (const Kind& kind : kKinds) {
    if (kind.name == dtype) return kind.bytes;
  }
  return 0;
}

Result<std::uint64_t> header_bytes(std::string_view first8, std::uint64_t file_bytes,
                                   const Limits& limits) {
  base::ByteReader in(first8);
  auto length = in.u64();
  if (!length) {
    return fail(Code::corrupt, fmt::format("{} bytes are no safetensors file", file_bytes));
  }
  if (*length > limits.header_bytes_max) {
    return fail(Code::too_large, fmt::format("a safetensors header of {} bytes, {} are allowed",
                                             *length, limits.header_bytes_max));
  }
  if (*length > file_bytes - 8) {
    return fail(Code::corrupt, fmt::format("a safetensors header of {} bytes in a file of {}",
                                           *length, file_bytes));
  }
  return *length;
}

Result<Header> parse(std::string_view text, std::uint64_t data_bytes, const Limits& limits) {
  // A JSON text of n bytes has at most n / 4 members, so what is made of it is bounded by it.
  auto json = json::parse(text, {.depth_max = kDepthMax});
  if (!json) return fail(Code::corrupt, "safetensors header: " + json.error().what);
  if (!json->is_object()) {
    return fail(Code::corrupt,
                fmt::format("safetensors header: a JSON {}, no object", json->kind()));
  }
  if (json->object()->size() > limits.tensors_max + 1) {
    return fail(Code::too_large, fmt::format("{} tensors, {} are allowed", json->object()->size(),
                                             limits.tensors_max));
  }
  Header out;
  for (const json::Member& member : *json->object()) {
    if (member.name == kMetadata) {
      TRY(metadata, read_metadata(member.value, limits));
      out.metadata = std::move(metadata);
      continue;
    }
    TRY(tensor, read_tensor(member, data_bytes, limits));
    out.tensors.push_back(std::move(tensor));
  }
  std::ranges::stable_sort(out.tensors, [](const Tensor& left, const Tensor& right) {
    return std::pair(left.begin, left.end) < std::pair(right.begin, right.end);
  });
  TRY_DO(check_order(out.tensors, data_bytes));
  return out;
}

std::string write(Header& header) {
  json::Value root = json::Object{};
  if (!header.metadata.empty()) {
    json::Value pairs = json::Object{};
    for (const auto& [name, value] : header.metadata) pairs.set(name, value);
    root.set(kMetadata, std::move(pairs));
  }
  std::uint64_t at = 0;
  for (Tensor& tensor : header.tensors) {
    tensor.begin = at;
    at = tensor.end = at + product(tensor.shape, dtype_bytes(tensor.dtype)).value_or(0);
    json::Array shape;
    for (const std::uint64_t count : tensor.shape) shape.push_back(json::Value::of(count));
    json::Value entry;
    entry.set("dtype", tensor.dtype);
    entry.set("shape", std::move(shape));
    entry.set("data_offsets",
              json::Array{json::Value::of(tensor.begin), json::Value::of(tensor.end)});
    root.set(tensor.name, std::move(entry));
  }
  std::string text = json::write(root);
  while (text.size() % 8 != 0) text += ' ';
  base::ByteWriter out;
  out.u64(text.size());
  out.raw(text);
  return out.take();
}

}  // namespace refrain::kv::safetensors
