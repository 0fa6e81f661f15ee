// llama.cpp gives out and takes the state of whole sequences only. A range goes out by sharing its
// cells with a scratch sequence (which copies nothing) and taking that one's state; rows come in as
// the scratch sequence's state, whose cells are then shared with the sequence they are for. So a
// long restore can be done piece by piece, and running streams wait for one piece at most.
//
// kv_unified makes that possible: one pool of cells for all sequences. Flash attention is switched
// on, not left to choice, since the layout of V depends on it.
#include "llama/context.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/check.h"
#include "llama.h"
#include "llama/backend.h"

namespace refrain::llama {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kSequencesMax = 255;

llama_context_params params_of(const Context::Options& options) {
  const auto number = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  llama_context_params params = llama_context_default_params();
  params.n_ctx = number(options.cells);
  params.n_batch = number(options.batch_tokens);
  params.n_ubatch = number(options.ubatch_tokens);
  params.n_seq_max = number(options.sequences + 1);
  // One per sequence is enough; for all tokens of a batch they would take hundreds of megabytes.
  params.n_outputs_max = params.n_seq_max;
  params.n_threads = static_cast<std::int32_t>(options.threads == 0 ? cores : options.threads);
  params.n_threads_batch = params.n_threads;
  params.kv_unified = true;
  params.swa_full = true;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  params.type_k = GGML_TYPE_F16;
  params.type_v = GGML_TYPE_F16;
  params.no_perf = true;
  return params;
}

Result<> check(const Context::Options& options) {
  if (options.sequences == 0 || options.sequences > kSequencesMax) {
    return fail(Code::invalid, fmt::format("{} sequences: 1 to {} are possible", options.sequences,
                                           kSequencesMax));
  }
  if (options.batch_tokens == 0 || options.ubatch_tokens == 0 ||
      options.ubatch_tokens > options.batch_tokens || options.cells < 16) {
    return fail(Code::invalid,
                fmt::format("{} cells, batches of {} tokens in pieces of {}", options.cells,
                            options.batch_tokens, options.ubatch_tokens));
  }
  return {};
}

}  // namespace

struct Context::Batch {
  explicit Batch(std::size_t tokens) : raw(llama_batch_init(static_cast<int>(tokens), 0, 1)) {}
  ~Batch() { llama_batch_free(raw); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  llama_batch raw;
};

Context::Context(std::shared_ptr<const Model> model, const Options& options)
    : model_(std::move(model)),
      options_(options),
      scratch_(static_cast<SequenceId>(options.sequences)),
      batch_(std::make_unique<Batch>(options.batch_tokens)) {}

Result<std::unique_ptr<Context>> Context::open(std::shared_ptr<const Model> model,
                                               const Options& options) {
  TRY_DO(check(options));
  if (!llama_model_has_decoder(model->raw()) || llama_model_has_encoder(model->raw()) ||
      llama_model_is_diffusion(model->raw()) || !model->facts().generates) {
    return fail(Code::unsupported, fmt::format("model {} ({}) does not generate text",
                                               model->facts().name, model->facts().architecture));
  }
  std::unique_ptr<Context> out(new Context(std::move(model), options));
  ErrorCapture capture;
  out->context_ = llama_init_from_model(out->model_->raw(), params_of(options));
  if (!out->context_) {
    return fail(Code::internal, fmt::format("llama.cpp gives no context of {} cells: {}",
                                            options.cells, capture.first()));
  }
  return out;
}

Context::~Context() {
  if (context_) llama_free(context_);
}

std::size_t Context::cells() const noexcept { return llama_n_ctx(context_); }

Result<> Context::decode(std::span<const Token> tokens) {
  CHECK(!tokens.empty() && tokens.size() <= options_.batch_tokens, "a batch of the agreed size");
  const auto outputs = std::ranges::count(tokens, Output::logits, &Token::output);
  CHECK(static_cast<std::size_t>(outputs) <= options_.sequences + 1, "one output per sequence");
  llama_batch& batch = batch_->raw;
  batch.n_tokens = static_cast<std::int32_t>(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    batch.token[i] = tokens[i].id;
    batch.pos[i] = tokens[i].position;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = tokens[i].sequence;
    batch.logits[i] = tokens[i].output == Output::logits ? 1 : 0;
  }
  ErrorCapture capture;
  const std::int32_t status = llama_decode(context_, batch);
  if (status == 0) return {};
  if (status == 1) {
    return fail(Code::busy, fmt::format("no free cells for {} tokens", tokens.size()));
  }
  const Code code = status == -1 ? Code::invalid : Code::internal;
  return fail(code, fmt::format("llama.cpp refuses a batch of {} tokens ({}): {}", tokens.size(),
                                status, capture.first()));
}

std::span<const float> Context::logits(std::size_t place) const {
  const float* values = llama_get_logits_ith(context_, static_cast<std::int32_t>(place));
  CHECK(values != nullptr, "logits were asked for at this place");
  const int size = llama_vocab_n_tokens(llama_model_get_vocab(model_->raw()));
  return {values, static_cast<std::size_t>(size)};
}

bool Context::remove(SequenceId sequence, Range range) {
  const std::int32_t to = range.to == Range{}.to ? -1 : range.to;
  return llama_memory_seq_rm(llama_get_memory(context_), sequence, range.from, to);
}

void Context::share(SequenceId from, SequenceId to, Range range) {
  const std::int32_t end = range.to == Range{}.to ? -1 : range.to;
  llama_memory_seq_cp(llama_get_memory(context_), from, to, range.from, end);
}

std::int32_t Context::last_position(SequenceId sequence) const {
  return llama_memory_seq_pos_max(llama_get_memory(context_), sequence);
}

void Context::clear() { llama_memory_clear(llama_get_memory(context_), false); }

Result<> Context::learn_layout(SequenceId sequence) {
  state_.resize(llama_state_seq_get_size(context_, sequence));
  llama_state_seq_get_data(context_, reinterpret_cast<std::uint8_t*>(state_.data()),
                           state_.size(), sequence);
  TRY(layout, read_layout(state_));
  layout_ = std::move(layout);
  return {};
}

Result<Rows> Context::take_rows(SequenceId sequence, Range range) {
  CHECK(!layout_.layers.empty() && range.to > range.from, "the layout is known");
  share(sequence, scratch_, range);
  const auto tokens = static_cast<std::size_t>(range.to - range.from);
  state_.resize(state_bytes(layout_, tokens));
  const std::size_t written =
      llama_state_seq_get_data(context_, reinterpret_cast<std::uint8_t*>(state_.data()),
                               state_.size(), scratch_);
  remove(scratch_);
  if (written != state_.size()) {
    return fail(Code::internal, fmt::format("positions {} to {} of sequence {} give {} bytes, "
                                            "not {}",
                                            range.from, range.to, sequence, written,
                                            state_.size()));
  }
  return read_state(state_, layout_);
}

Result<> Context::put_rows(SequenceId sequence, std::span<const RowsPart> parts) {
  CHECK(!layout_.layers.empty() && !parts.empty(), "the layout is known");
  write_state(layout_, parts, state_);
  ErrorCapture capture;
  const std::size_t read =
      llama_state_seq_set_data(context_, reinterpret_cast<const std::uint8_t*>(state_.data()),
                               state_.size(), scratch_);
  if (read != state_.size()) {
    remove(scratch_);
    return fail(Code::busy, fmt::format("llama.cpp does not take {} bytes of rows: {}",
                                        state_.size(), capture.first()));
  }
  share(scratch_, sequence);
  remove(scratch_);
  return {};
}

}  // namespace refrain::llama
