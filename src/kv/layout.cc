#include "kv/layout.h"

#include <charconv>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "json/value.h"
#include "kv/block.h"

namespace refrain::kv {
namespace {

using base::Code;
using base::fail;
using base::Result;
using safetensors::Header;
using safetensors::Tensor;

// Metadata that is read here; everything else is a label.
constexpr std::string_view kModel = "model", kText = "text", kTokens = "token_ids";
constexpr std::string_view kPrint = "fingerprint", kFormat = "format";
constexpr std::string_view kProvenance = "provenance", kLineage = "lineage";
constexpr std::string_view kFormatName = "refrain-kv-1";

// "k_12" is {12, key}; nullopt for other names.
std::optional<std::pair<std::uint32_t, Part>> place_of(std::string_view name) {
  if (name.size() < 3 || name[1] != '_' || (name[0] != 'k' && name[0] != 'v')) return std::nullopt;
  if (name.size() > 3 && name[2] == '0') return std::nullopt;
  std::uint32_t layer = 0;
  const auto [end, error] = std::from_chars(name.data() + 2, name.data() + name.size(), layer);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return std::pair(layer, name[0] == 'k' ? Part::key : Part::value);
}

std::unexpected<base::Error> odd(std::string what) { return fail(Code::invalid, std::move(what)); }

Result<std::vector<Token>> read_tokens(std::string_view text) {
  auto list = json::parse(text);
  if (!list || !list->is_array()) return odd("token_ids is no JSON list");
  std::vector<Token> out;
  out.reserve(list->array()->size());
  for (const json::Value& item : *list->array()) {
    const auto number = item.as_int();
    if (!number || *number < 0 || *number > INT32_MAX) {
      return odd(fmt::format("token_ids: item {} is no token id", out.size()));
    }
    out.push_back(static_cast<Token>(*number));
  }
  return out;
}

Result<> read_shapes(const Header& header, Contents& out) {
  if (header.tensors.empty() || header.tensors.size() % 2 != 0) {
    return odd(fmt::format("{} tensors: k_<layer> and v_<layer> of each layer are wanted",
                           header.tensors.size()));
  }
  out.layers = static_cast<std::uint32_t>(header.tensors.size() / 2);
  if (out.layers > kLayersMax) return odd(fmt::format("{} layers", out.layers));
  out.begins.assign(2 * out.layers, 0);
  std::vector<const Tensor*> places(2 * out.layers, nullptr);
  for (const Tensor& tensor : header.tensors) {
    const auto place = place_of(tensor.name);
    if (!place || place->first >= out.layers) {
      return odd(fmt::format("tensor '{}': k_<layer> and v_<layer> from layer 0 to {} are wanted",
                             tensor.name, out.layers - 1));
    }
    const std::size_t index = 2 * place->first + static_cast<std::size_t>(place->second);
    places[index] = &tensor;
    out.begins[index] = tensor.begin;
  }
  const Tensor* keys = places[0];
  const Tensor* values = places[1];
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Tensor* first = i % 2 == 0 ? keys : values;
    const bool same =
        places[i] && first && places[i]->shape == first->shape && places[i]->dtype == first->dtype;
    if (!same) {
      return odd(fmt::format("{}_{} is missing, or not of the shape and type of the others",
                             i % 2 == 0 ? 'k' : 'v', i / 2));
    }
  }
  if (keys->shape.size() != 4 || values->shape.size() != 4 || keys->shape[0] != 1 ||
      values->shape[0] != 1 || keys->shape[1] != values->shape[1] ||
      keys->shape[2] != values->shape[2]) {
    return odd("tensors must have the shape [1, kv_heads, tokens, head_dim]");
  }
  for (std::uint64_t count : {keys->shape[1], keys->shape[2], keys->shape[3], values->shape[3]}) {
    if (count == 0 || count > INT32_MAX) return odd(fmt::format("a dimension of {}", count));
  }
  const auto key_type = parse_dtype(keys->dtype), value_type = parse_dtype(values->dtype);
  if (!key_type || !value_type) {
    return odd(fmt::format("KV of type {}: F32, F16 and BF16 are known", keys->dtype));
  }
  out.kv_heads = static_cast<std::uint32_t>(keys->shape[1]);
  out.tokens = keys->shape[2];
  out.key_dim = static_cast<std::uint32_t>(keys->shape[3]);
  out.value_dim = static_cast<std::uint32_t>(values->shape[3]);
  out.key_type = *key_type;
  out.value_type = *value_type;
  return {};
}

Result<> check_print(const Contents& contents, const Fingerprint& print) {
  const std::pair<std::string_view, std::pair<std::uint64_t, std::uint64_t>> pairs[] = {
      {"layers", {print.layers, contents.layers}},
      {"kv_heads", {print.kv_heads, contents.kv_heads}},
      {"key_dim", {print.key_dim, contents.key_dim}},
      {"value_dim", {print.value_dim, contents.value_dim}}};
  for (const auto& [name, values] : pairs) {
    if (values.first != values.second) {
      return odd(fmt::format("the fingerprint says {} {}, the tensors have {}", name, values.first,
                             values.second));
    }
  }
  if (print.key_type != contents.key_type || print.value_type != contents.value_type) {
    return odd(fmt::format("the fingerprint says {} and {}, the tensors are {} and {}",
                           name(print.key_type), name(print.value_type), name(contents.key_type),
                           name(contents.value_type)));
  }
  return {};
}

// KV that is not exact must say so, or it would be found as if it were.
Result<> read_provenance(const Header& header, Contents& out) {
  const std::string* word = header.find(kProvenance);
  if (word) {
    for (Provenance one : {Provenance::exact, Provenance::repaired, Provenance::borrowed}) {
      if (name(one) == *word) out.provenance = one;
    }
    if (name(out.provenance) != *word) {
      return odd(fmt::format("provenance is '{}': exact, repaired or borrowed is wanted",
                             word->substr(0, 40)));
    }
  }
  const std::string* lineage = header.find(kLineage);
  if (!lineage) return {};
  auto list = json::parse(*lineage);
  if (!list || !list->is_array()) return odd("lineage is no JSON list");
  for (const json::Value& item : *list->array()) {
    if (!item.is_string()) return odd("lineage is no list of strings");
    out.lineage.push_back(*item.string());
  }
  return {};
}

Result<> read_metadata(const Header& header, Contents& out) {
  if (const std::string* model = header.find(kModel)) out.model = *model;
  if (const std::string* text = header.find(kText)) out.text = *text;
  if (const std::string* tokens = header.find(kTokens)) {
    TRY(ids, read_tokens(*tokens));
    if (ids.size() != out.tokens) {
      return odd(fmt::format("{} token_ids, the tensors are of {} tokens", ids.size(), out.tokens));
    }
    out.token_ids = std::move(ids);
  }
  if (const std::string* text = header.find(kPrint)) {
    auto print = parse_fingerprint(*text);
    if (!print) return odd(print.error().what);
    TRY_DO(check_print(out, *print));
    if (!out.model.empty() && out.model != print->model) {
      return odd(
          fmt::format("the model is '{}', and '{}' in the fingerprint", out.model, print->model));
    }
    if (!out.token_ids.empty()) out.fingerprint = std::move(*print);
  }
  TRY_DO(read_provenance(header, out));
  for (const auto& [key, value] : header.metadata) {
    const bool read = key == kModel || key == kText || key == kTokens || key == kPrint ||
                      key == kFormat || key == kProvenance || key == kLineage;
    if (!read) out.labels.emplace_back(key, value);
  }
  return {};
}

}  // namespace

Result<Contents> contents_of(const Header& header) {
  Contents out;
  TRY_DO(read_shapes(header, out));
  TRY_DO(read_metadata(header, out));
  return out;
}

Result<Header> header_of(const Manifest& manifest) {
  const Fingerprint& print = manifest.fingerprint;
  if (bytes_of(print.key_type) == 0 || bytes_of(print.value_type) == 0) {
    return fail(Code::unsupported, fmt::format("KV of type {} and {} has no safetensors form",
                                               name(print.key_type), name(print.value_type)));
  }
  Header out;
  std::string ids = "[";
  for (Token token : manifest.tokens) ids += fmt::format("{}{}", ids.size() > 1 ? "," : "", token);
  out.metadata = {{std::string(kFormat), std::string(kFormatName)},
                  {std::string(kModel), print.model},
                  {std::string(kPrint), text(print)},
                  {std::string(kText), manifest.text},
                  {std::string(kTokens), ids + "]"},
                  {"dtype", std::string(name(print.key_type))},
                  {"rope_base", print.rope_base},
                  {std::string(kProvenance), std::string(name(manifest.provenance))}};
  if (!manifest.lineage.empty()) {
    json::Array list(manifest.lineage.begin(), manifest.lineage.end());
    out.metadata.emplace_back(kLineage, json::write(json::Value(std::move(list))));
  }
  for (const auto& label : manifest.labels) {
    if (!out.find(label.first)) out.metadata.push_back(label);
  }
  for (std::uint32_t layer = 0; layer < print.layers; ++layer) {
    out.tensors.push_back({fmt::format("k_{}", layer),
                           std::string(name(print.key_type)),
                           {1, print.kv_heads, manifest.tokens.size(), print.key_dim}});
    out.tensors.push_back({fmt::format("v_{}", layer),
                           std::string(name(print.value_type)),
                           {1, print.kv_heads, manifest.tokens.size(), print.value_dim}});
  }
  return out;
}

void to_rows(std::string_view heads_first, std::size_t heads, std::size_t bytes, std::string& out) {
  const std::size_t count = heads_first.size() / (heads * bytes);
  out.resize(heads_first.size());
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t token = 0; token < count; ++token) {
      std::memcpy(out.data() + (token * heads + head) * bytes,
                  heads_first.data() + (head * count + token) * bytes, bytes);
    }
  }
}

std::string misfit(const Contents& contents, const Fingerprint& served) {
  const std::pair<std::string_view, std::pair<std::uint64_t, std::uint64_t>> pairs[] = {
      {"layers", {contents.layers, served.layers}},
      {"kv_heads", {contents.kv_heads, served.kv_heads}},
      {"key_dim", {contents.key_dim, served.key_dim}},
      {"value_dim", {contents.value_dim, served.value_dim}}};
  for (const auto& [name, values] : pairs) {
    if (values.first != values.second) {
      return fmt::format("{} is {}, the model '{}' has {}", name, values.first, served.model,
                         values.second);
    }
  }
  if (contents.fingerprint && contents.fingerprint->rope_base != served.rope_base) {
    return fmt::format("rope_base is '{}', the model '{}' has '{}'",
                       contents.fingerprint->rope_base, served.model, served.rope_base);
  }
  return "";
}

}  // namespace refrain::kv
