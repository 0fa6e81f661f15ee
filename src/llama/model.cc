#include "llama/model.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "llama.h"
#include "llama/backend.h"

namespace refrain::llama {
namespace {

using base::Code;
using base::fail;

std::string metadata(const llama_model* model, const char* key) {
  std::array<char, 256> buffer{};
  const int length = llama_model_meta_val_str(model, key, buffer.data(), buffer.size());
  return length < 0 ? std::string() : std::string(buffer.data());
}

base::Result<> check_magic(const std::string& file) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(file, problem)) {
    return fail(Code::not_found, fmt::format("model {}: no such file", file));
  }
  std::ifstream in(file, std::ios::binary);
  std::array<char, 4> magic{};
  in.read(magic.data(), magic.size());
  if (!in || std::string_view(magic.data(), magic.size()) != "GGUF") {
    return fail(Code::corrupt, fmt::format("model {}: not a GGUF file", file));
  }
  return {};
}

// Rows of single tokens exist only where every layer keeps K and V of every token.
std::string why_no_prefixes(const llama_model* model) {
  if (llama_model_is_recurrent(model)) return "a recurrent model has one state per sequence";
  if (llama_model_is_hybrid(model)) return "a hybrid model has one state per sequence";
  if (llama_model_n_swa(model) > 0) return "sliding-window attention drops old cells";
  const llama_rope_type rope = llama_model_rope_type(model);
  if (rope == LLAMA_ROPE_TYPE_MROPE || rope == LLAMA_ROPE_TYPE_IMROPE ||
      rope == LLAMA_ROPE_TYPE_VISION) {
    return "positions of several dimensions (M-RoPE)";
  }
  return "";
}

void read_generation(const llama_model* model, Model::Facts& facts) {
  const auto number = [](std::int32_t value) { return static_cast<std::size_t>(value); };
  facts.generates = !metadata(model, "tokenizer.ggml.model").empty() &&
                    metadata(model, (facts.architecture + ".attention.causal").c_str()) != "false";
  facts.why_no_prefixes = why_no_prefixes(model);
  facts.layers = number(llama_model_n_layer(model));
  facts.heads = number(llama_model_n_head(model));
  facts.kv_heads = number(llama_model_n_head_kv(model));
  facts.vocabulary = number(llama_vocab_n_tokens(llama_model_get_vocab(model)));
  facts.bytes = llama_model_size(model);
  facts.parameters = llama_model_n_params(model);
  facts.quantisation = llama_ftype_name(llama_model_ftype(model));
}

}  // namespace

base::Result<std::shared_ptr<const Model>> Model::load(const std::string& file) {
  start_backend();
  TRY_DO(check_magic(file));
  ErrorCapture capture;
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  llama_model* raw = llama_model_load_from_file(file.c_str(), params);
  if (!raw) {
    const std::string cause = capture.first().empty() ? "cannot be loaded" : capture.first();
    const bool damaged = cause.find("bounds") != std::string::npos ||
                         cause.find("read") != std::string::npos;
    return fail(damaged ? Code::corrupt : Code::unsupported,
                fmt::format("model {}: {}", file, cause));
  }
  std::shared_ptr<Model> model(new Model(raw));
  Facts& facts = model->facts_;
  facts.name = metadata(raw, "general.name");
  if (facts.name.empty()) facts.name = std::filesystem::path(file).stem().string();
  facts.architecture = metadata(raw, "general.architecture");
  facts.tokenizer = metadata(raw, "tokenizer.ggml.model");
  facts.dim = static_cast<std::size_t>(llama_model_n_embd_out(raw));
  facts.tokens_max = static_cast<std::size_t>(llama_model_n_ctx_train(raw));
  read_generation(raw, facts);
  const llama_vocab* vocab = llama_model_get_vocab(raw);
  facts.begin = llama_vocab_bos(vocab);
  facts.separator = llama_vocab_sep(vocab);
  // llama.h has no function for the unknown token's id.
  const int count = llama_vocab_n_tokens(vocab);
  for (TokenId id = 0; id < count && facts.unknown < 0; ++id) {
    if (std::string_view(llama_vocab_get_text(vocab, id)) == "[UNK]") facts.unknown = id;
  }
  return std::shared_ptr<const Model>(std::move(model));
}

Model::~Model() { llama_model_free(model_); }

std::vector<VocabularyEntry> Model::vocabulary() const {
  constexpr int kSpecial =
      LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_UNUSED;
  const llama_vocab* vocab = llama_model_get_vocab(model_);
  std::vector<VocabularyEntry> out(static_cast<std::size_t>(llama_vocab_n_tokens(vocab)));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    out[i].text = llama_vocab_get_text(vocab, id);
    out[i].special = (llama_vocab_get_attr(vocab, id) & kSpecial) != 0;
  }
  return out;
}

}  // namespace refrain::llama
