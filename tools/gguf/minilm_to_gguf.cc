// Writes a BERT sentence embedder (all-MiniLM-L6-v2: safetensors and vocab.txt) as GGUF.
//
// GGUF keeps matrices as Hugging Face does (row = output), so that a tensor is copied or quantised
// row by row and only renamed. The vocabulary goes over in llama.cpp's "phantom space" form: a word
// start gets U+2581 before it, a continuation loses its ##, names in brackets stay as they are.
// Layers, widths and the vocabulary's size are read off the tensors; heads cannot be.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "ggml.h"
#include "gguf.h"
#include "tools/gguf/safetensors.h"

namespace {

using refrain::base::Code;
using refrain::base::fail;
using refrain::base::Result;
using refrain::gguf::SafeTensors;
using refrain::gguf::Tensor;

struct Arguments {
  std::string weights, vocab, type = "q8_0", out, name = "all-MiniLM-L6-v2";
  std::uint32_t heads = 12;
};

struct Weights {
  std::string name;                  // GGUF's
  std::vector<std::int64_t> extent;  // ggml's order: the fastest dimension first
  ggml_type type = GGML_TYPE_F32;
  std::vector<char> bytes;
};

struct Free {
  void operator()(gguf_context* file) const { gguf_free(file); }
  void operator()(ggml_context* memory) const { ggml_free(memory); }
};

Result<Arguments> arguments(int count, char** values) {
  Arguments out;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = values[i];
    const std::string value = values[i + 1];
    if (name == "--weights") out.weights = value;
    else if (name == "--vocab") out.vocab = value;
    else if (name == "--type") out.type = value;
    else if (name == "--out") out.out = value;
    else if (name == "--name") out.name = value;
    else return fail(Code::invalid, fmt::format("unknown option {}", name));
  }
  if (count % 2 == 0 || out.weights.empty() || out.vocab.empty() || out.out.empty()) {
    return fail(Code::invalid, "usage: minilm-to-gguf --weights model.safetensors --vocab "
                               "vocab.txt [--type q8_0|f16|f32] [--name NAME] --out FILE");
  }
  return out;
}

Result<ggml_type> type_of(const std::string& name) {
  if (name == "q8_0") return GGML_TYPE_Q8_0;
  if (name == "f16") return GGML_TYPE_F16;
  if (name == "f32") return GGML_TYPE_F32;
  return fail(Code::invalid, fmt::format("type '{}': q8_0, f16 or f32", name));
}

Result<std::vector<std::string>> vocabulary(const std::string& file) {
  std::ifstream in(file);
  if (!in) return fail(Code::io, fmt::format("{}: cannot be opened", file));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    out.push_back(std::move(line));
  }
  return out;
}

bool bracketed(const std::string& token) {
  return token.size() > 2 && token.front() == '[' && token.back() == ']';
}

std::string phantom(const std::string& token) {
  if (bracketed(token)) return token;
  if (token.starts_with("##")) return token.substr(2);
  return "\xE2\x96\x81" + token;
}

// A matrix in the wanted type; rows that no block divides, vectors and small tables stay F32.
Result<Weights> convert(const SafeTensors& file, const std::string& from, std::string to,
                        ggml_type type) {
  const Tensor* tensor = file.find(from);
  if (!tensor) return fail(Code::invalid, fmt::format("no tensor {}", from));
  TRY(values, tensor->floats());
  Weights out{.name = std::move(to), .extent = {}, .type = type, .bytes = {}};
  for (auto it = tensor->shape.rbegin(); it != tensor->shape.rend(); ++it) {
    out.extent.push_back(static_cast<std::int64_t>(*it));
  }
  if (out.extent.empty() || out.extent.size() > 2) {
    return fail(Code::invalid, fmt::format("tensor {} has {} dimensions", from, out.extent.size()));
  }
  const std::int64_t row = out.extent[0];
  const std::int64_t rows = out.extent.size() == 2 ? out.extent[1] : 1;
  if (row % ggml_blck_size(out.type) != 0) out.type = GGML_TYPE_F32;
  out.bytes.resize(ggml_row_size(out.type, row) * static_cast<std::size_t>(rows));
  ggml_quantize_chunk(out.type, values.data(), out.bytes.data(), 0, rows, row, nullptr);
  return out;
}

struct Rename {
  const char* from;
  const char* to;
};

constexpr Rename kLayerParts[] = {{"attention.self.query", "attn_q"},
                                  {"attention.self.key", "attn_k"},
                                  {"attention.self.value", "attn_v"},
                                  {"attention.output.dense", "attn_output"},
                                  {"attention.output.LayerNorm", "attn_output_norm"},
                                  {"intermediate.dense", "ffn_up"},
                                  {"output.dense", "ffn_down"},
                                  {"output.LayerNorm", "layer_output_norm"}};

std::uint32_t layers_of(const SafeTensors& file) {
  std::uint32_t layers = 0;
  while (file.find(fmt::format("encoder.layer.{}.output.dense.weight", layers))) ++layers;
  return layers;
}

Result<std::vector<Weights>> convert_all(const SafeTensors& file, ggml_type type) {
  std::vector<Weights> out;
  const auto add = [&](const std::string& from, const std::string& to, ggml_type as) -> Result<> {
    TRY(weights, convert(file, from, to, as));
    out.push_back(std::move(weights));
    return {};
  };
  TRY_DO(add("embeddings.word_embeddings.weight", "token_embd.weight", type));
  TRY_DO(add("embeddings.position_embeddings.weight", "position_embd.weight", GGML_TYPE_F32));
  TRY_DO(add("embeddings.token_type_embeddings.weight", "token_types.weight", GGML_TYPE_F32));
  TRY_DO(add("embeddings.LayerNorm.weight", "token_embd_norm.weight", GGML_TYPE_F32));
  TRY_DO(add("embeddings.LayerNorm.bias", "token_embd_norm.bias", GGML_TYPE_F32));
  for (std::uint32_t layer = 0; layer < layers_of(file); ++layer) {
    for (const Rename& part : kLayerParts) {
      const std::string from = fmt::format("encoder.layer.{}.{}", layer, part.from);
      const std::string to = fmt::format("blk.{}.{}", layer, part.to);
      const bool norm = to.ends_with("norm");
      TRY_DO(add(from + ".weight", to + ".weight", norm ? GGML_TYPE_F32 : type));
      TRY_DO(add(from + ".bias", to + ".bias", GGML_TYPE_F32));
    }
  }
  return out;
}

Result<> put_vocabulary(gguf_context* file, const std::vector<std::string>& tokens) {
  constexpr std::int32_t kNormal = 1, kControl = 3, kUnused = 5;  // llama.cpp's token types
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
  for (const std::string& token : tokens) {
    texts.push_back(phantom(token));
    const bool unused = token.starts_with("[unused");
    types.push_back(!bracketed(token) ? kNormal : unused ? kUnused : kControl);
  }
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  gguf_set_val_str(file, "tokenizer.ggml.model", "bert");
  gguf_set_arr_str(file, "tokenizer.ggml.tokens", pointers.data(), pointers.size());
  gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
  gguf_set_val_u32(file, "tokenizer.ggml.token_type_count", 2);
  constexpr Rename kSpecial[] = {{"[UNK]", "tokenizer.ggml.unknown_token_id"},
                                 {"[SEP]", "tokenizer.ggml.seperator_token_id"},  // spelt so
                                 {"[PAD]", "tokenizer.ggml.padding_token_id"},
                                 {"[CLS]", "tokenizer.ggml.cls_token_id"},
                                 {"[MASK]", "tokenizer.ggml.mask_token_id"}};
  for (const Rename& special : kSpecial) {
    const auto found = std::find(tokens.begin(), tokens.end(), special.from);
    if (found == tokens.end()) {
      return fail(Code::invalid, fmt::format("vocabulary without {}", special.from));
    }
    gguf_set_val_u32(file, special.to, static_cast<std::uint32_t>(found - tokens.begin()));
  }
  return {};
}

void put_shape(gguf_context* file, const Arguments& wanted, const std::vector<Weights>& weights) {
  const auto extent = [&](std::string_view name, std::size_t dimension) {
    for (const Weights& one : weights) {
      if (one.name == name) return static_cast<std::uint32_t>(one.extent[dimension]);
    }
    return std::uint32_t{0};
  };
  std::uint32_t layers = 0;
  while (extent(fmt::format("blk.{}.ffn_up.weight", layers), 0) > 0) ++layers;
  gguf_set_val_str(file, "general.architecture", "bert");
  gguf_set_val_str(file, "general.name", wanted.name.c_str());
  gguf_set_val_str(file, "general.license", "apache-2.0");
  gguf_set_val_u32(file, "general.file_type", wanted.type == "q8_0" ? 7 : wanted.type == "f16");
  gguf_set_val_u32(file, "bert.context_length", extent("position_embd.weight", 1));
  gguf_set_val_u32(file, "bert.embedding_length", extent("token_embd.weight", 0));
  gguf_set_val_u32(file, "bert.block_count", layers);
  gguf_set_val_u32(file, "bert.feed_forward_length", extent("blk.0.ffn_up.weight", 1));
  gguf_set_val_u32(file, "bert.attention.head_count", wanted.heads);
  gguf_set_val_f32(file, "bert.attention.layer_norm_epsilon", 1e-12F);
  gguf_set_val_bool(file, "bert.attention.causal", false);
  gguf_set_val_u32(file, "bert.pooling_type", 1);  // mean
}

Result<> write(const Arguments& wanted, std::vector<Weights>& weights,
               const std::vector<std::string>& tokens) {
  const std::unique_ptr<gguf_context, Free> file(gguf_init_empty());
  const std::unique_ptr<ggml_context, Free> memory(
      ggml_init({ggml_tensor_overhead() * (weights.size() + 1), nullptr, true}));
  if (!file || !memory) return fail(Code::internal, "ggml gives no memory");
  put_shape(file.get(), wanted, weights);
  TRY_DO(put_vocabulary(file.get(), tokens));
  for (Weights& one : weights) {
    ggml_tensor* tensor = ggml_new_tensor(memory.get(), one.type,
                                          static_cast<int>(one.extent.size()), one.extent.data());
    ggml_set_name(tensor, one.name.c_str());
    tensor->data = one.bytes.data();
    gguf_add_tensor(file.get(), tensor);
  }
  const std::string part = wanted.out + ".part";
  if (!gguf_write_to_file(file.get(), part.c_str(), false)) {
    return fail(Code::io, fmt::format("{}: cannot be written", part));
  }
  std::error_code problem;
  std::filesystem::rename(part, wanted.out, problem);
  if (problem) return fail(Code::io, fmt::format("{}: {}", wanted.out, problem.message()));
  return {};
}

Result<> run(int count, char** values) {
  TRY(wanted, arguments(count, values));
  TRY(type, type_of(wanted.type));
  TRY(tokens, vocabulary(wanted.vocab));
  TRY(file, SafeTensors::open(wanted.weights));
  if (layers_of(file) == 0) return fail(Code::invalid, "no tensor encoder.layer.0.*: not a BERT");
  TRY(weights, convert_all(file, type));
  if (static_cast<std::size_t>(weights[0].extent.back()) != tokens.size()) {
    return fail(Code::invalid, fmt::format("{} rows of word embeddings, {} tokens",
                                           weights[0].extent.back(), tokens.size()));
  }
  return write(wanted, weights, tokens);
}

}  // namespace

int main(int count, char** values) try {
  const auto done = run(count, values);
  if (done) return EXIT_SUCCESS;
  fmt::print(stderr, "minilm-to-gguf: {}\n", done.error().what);
  return EXIT_FAILURE;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "minilm-to-gguf: %s\n", problem.what());
  return EXIT_FAILURE;
}
