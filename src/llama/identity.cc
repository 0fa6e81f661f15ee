#include "llama/identity.h"

#include <array>
#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "llama.h"

namespace refrain::llama {
namespace {

std::string metadata(const Model& model, const std::string& key) {
  std::array<char, 256> buffer{};
  const int length =
      llama_model_meta_val_str(model.raw(), key.c_str(), buffer.data(), buffer.size());
  return length < 0 ? std::string() : std::string(buffer.data());
}

std::uint32_t number(const std::string& text, std::size_t initial) {
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = problem == std::errc{} && end == text.data() + text.size();
  return good ? value : static_cast<std::uint32_t>(initial);
}

std::string rope_name(llama_rope_type type) {
  switch (type) {
    case LLAMA_ROPE_TYPE_NONE: return "none";
    case LLAMA_ROPE_TYPE_NORM: return "norm";
    case LLAMA_ROPE_TYPE_NEOX: return "neox";
    default: return std::to_string(static_cast<int>(type));
  }
}

std::string tokenizer_digest(const Model& model) {
  base::ByteWriter out;
  out.text(model.facts().tokenizer);
  out.text(metadata(model, "tokenizer.ggml.pre"));
  for (const VocabularyEntry& entry : model.vocabulary()) {
    out.text(entry.text);
    out.u8(entry.special ? 1 : 0);
  }
  return base::hex(base::digest(out.take()));
}

}  // namespace

Identity identity_of(const Model& model) {
  const Model::Facts& facts = model.facts();
  const std::string own = facts.architecture + ".";
  const std::size_t head = facts.heads == 0
                               ? 0
                               : static_cast<std::size_t>(llama_model_n_embd(model.raw())) /
                                     facts.heads;
  Identity identity;
  identity.rope = rope_name(llama_model_rope_type(model.raw()));
  identity.rope_base = metadata(model, own + "rope.freq_base");
  const std::string scaling = metadata(model, own + "rope.scaling.type");
  if (!scaling.empty()) {
    identity.rope_scaling = fmt::format(
        "{}:{}:{}", scaling, metadata(model, own + "rope.scaling.factor"),
        metadata(model, own + "rope.scaling.original_context_length"));
  }
  identity.key_dim = number(metadata(model, own + "attention.key_length"), head);
  identity.value_dim = number(metadata(model, own + "attention.value_length"), head);
  identity.rope_dim = number(metadata(model, own + "rope.dimension_count"), 0);
  identity.tokenizer = tokenizer_digest(model);
  return identity;
}

base::Result<std::string> digest_of_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  base::ByteWriter digests;
  std::string chunk(std::size_t{1} << 20U, '\0');
  while (in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    const auto digest =
        base::digest(std::string_view(chunk.data(), static_cast<std::size_t>(in.gcount())));
    digests.u64(digest.high);
    digests.u64(digest.low);
  }
  if (!in.eof() || in.bad()) {
    return base::fail(base::Code::io, fmt::format("{}: cannot be read", file));
  }
  return base::hex(base::digest(digests.take()));
}

}  // namespace refrain::llama
