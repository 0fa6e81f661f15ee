// A BERT-like model has no memory between calls: every call encodes its whole batch at once, each
// sequence attending to itself only. Two contexts share the weights, as flash attention is a
// property of a context: ggml's kernel for it wins from 64 queries on and loses below, and a batch
// that is a little short of 64 is cheaper with a dummy sequence that fills it up.
#include "llama/text_encoder.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "llama.h"
#include "llama/backend.h"

namespace refrain::llama {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kFlashQueries = 64;
constexpr std::size_t kSequencesMax = 255;  // llama.cpp's limit of 256, less the one to pad with

llama_context* make_context(const Model& model, const TextEncoder::Options& options, bool flash) {
  const auto sequences = static_cast<std::uint32_t>(options.sequences_max + 1);  // one to pad with
  // llama.cpp plans for equally long sequences and stops the process if they do not come out even.
  const auto wanted = static_cast<std::uint32_t>(std::max(options.tokens_max, kFlashQueries));
  const std::uint32_t tokens = (wanted + sequences - 1) / sequences * sequences;
  llama_context_params params = llama_context_default_params();
  params.n_ctx = tokens;
  params.n_batch = tokens;
  params.n_ubatch = tokens;  // the whole batch in one piece: no memory to continue from
  params.n_seq_max = sequences;
  params.n_threads = 1;
  params.n_threads_batch = 1;
  params.embeddings = true;
  params.no_perf = true;
  params.kv_unified = true;
  params.flash_attn_type = flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.pooling_type = LLAMA_POOLING_TYPE_UNSPECIFIED;  // as the file says
  llama_context* context = llama_init_from_model(model.raw(), params);
  if (context && llama_pooling_type(context) == LLAMA_POOLING_TYPE_NONE) {
    llama_free(context);
    params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
    context = llama_init_from_model(model.raw(), params);
  }
  return context;
}

}  // namespace

struct TextEncoder::Batch {
  explicit Batch(std::size_t tokens) : raw(llama_batch_init(static_cast<int>(tokens), 0, 1)) {}
  ~Batch() { llama_batch_free(raw); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void add(std::span<const TokenId> ids, std::size_t sequence) {
    for (std::size_t i = 0; i < ids.size(); ++i) add(ids[i], i, sequence);
  }
  void add(TokenId id, std::size_t position, std::size_t sequence) {
    const int at = raw.n_tokens++;
    raw.token[at] = id;
    raw.pos[at] = static_cast<llama_pos>(position);
    raw.n_seq_id[at] = 1;
    raw.seq_id[at][0] = static_cast<llama_seq_id>(sequence);
    raw.logits[at] = 1;
  }

  llama_batch raw;
};

TextEncoder::TextEncoder(std::shared_ptr<const Model> model, const Options& options)
    : model_(std::move(model)),
      options_(options),
      batch_(std::make_unique<Batch>(std::max(options.tokens_max, kFlashQueries))) {}

TextEncoder::~TextEncoder() {
  if (plain_) llama_free(plain_);
  if (flash_) llama_free(flash_);
}

base::Result<std::unique_ptr<TextEncoder>> TextEncoder::open(std::shared_ptr<const Model> model,
                                                             const Options& options) {
  const std::size_t limit = model->facts().tokens_max;
  if (options.tokens_max == 0 || options.sequences_max == 0 ||
      options.sequences_max > kSequencesMax || options.tokens_max > limit) {
    return fail(Code::invalid,
                fmt::format("encoder of {} tokens in {} sequences; the model takes {}",
                            options.tokens_max, options.sequences_max, limit));
  }
  ErrorCapture capture;
  std::unique_ptr<TextEncoder> encoder(new TextEncoder(std::move(model), options));
  encoder->plain_ = make_context(*encoder->model_, options, false);
  encoder->flash_ = make_context(*encoder->model_, options, true);
  if (!encoder->plain_ || !encoder->flash_) {
    return fail(Code::internal, fmt::format("model {}: no context: {}",
                                            encoder->model_->facts().name, capture.first()));
  }
  return encoder;
}

base::Result<> TextEncoder::encode(std::span<const std::span<const TokenId>> sequences,
                                   std::span<float> out) {
  std::size_t tokens = 0;
  for (const auto& ids : sequences) {
    if (ids.empty()) return fail(Code::invalid, "a sequence without tokens");
    tokens += ids.size();
  }
  if (sequences.empty() || sequences.size() > options_.sequences_max ||
      tokens > options_.tokens_max || out.size() != sequences.size() * model_->facts().dim) {
    return fail(
        Code::invalid,
        fmt::format("{} tokens in {} sequences for {} numbers; limits {} and {}", tokens,
                    sequences.size(), out.size(), options_.tokens_max, options_.sequences_max));
  }
  batch_->raw.n_tokens = 0;
  for (std::size_t s = 0; s < sequences.size(); ++s) batch_->add(sequences[s], s);
  const bool flash = tokens >= options_.flash_tokens_min;
  for (std::size_t pad = tokens; flash && pad < kFlashQueries; ++pad) {
    batch_->add(sequences[0][0], pad - tokens, sequences.size());
  }
  return run(flash ? flash_ : plain_, sequences.size(), out);
}

base::Result<> TextEncoder::run(llama_context* context, std::size_t sequences,
                                std::span<float> out) {
  ErrorCapture capture;
  if (const int status = llama_encode(context, batch_->raw); status != 0) {
    return fail(Code::internal, fmt::format("model {}: encoding ended with {}: {}",
                                            model_->facts().name, status, capture.first()));
  }
  const std::size_t dim = model_->facts().dim;
  for (std::size_t s = 0; s < sequences; ++s) {
    const float* row = llama_get_embeddings_seq(context, static_cast<llama_seq_id>(s));
    double square = 0;
    for (std::size_t d = 0; row && d < dim; ++d) square += static_cast<double>(row[d]) * row[d];
    if (!row || !(square > 0) || !std::isfinite(square)) {
      return fail(Code::internal, fmt::format("model {}: no finite vector for sequence {} of {}",
                                              model_->facts().name, s, sequences));
    }
    const double scale = 1 / std::sqrt(square);
    for (std::size_t d = 0; d < dim; ++d) {
      out[s * dim + d] = static_cast<float>(row[d] * scale);
    }
  }
  return {};
}

}  // namespace refrain::llama
