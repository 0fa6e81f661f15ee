// llama.cpp's own chain does the work (common_sampler): bias, penalties, top-k, typical, top-p,
// min-p, temperature, and the grammar last, which is asked about the chosen token first and about
// all tokens only if it refuses that one. Greedy answers without penalty or grammar take a shorter
// way: the largest logit, biases added.
#include "llama/sampler.h"

#include <algorithm>
#include <exception>
#include <limits>

#include <fmt/format.h>

#include "llama.h"
#include "llama/backend.h"
#include "sampling.h"

namespace refrain::llama {
namespace {

using base::Code;
using base::fail;
using base::Result;

common_grammar grammar_of(const Constraint& constraint) {
  switch (constraint.kind) {
    case Constraint::Kind::none: return {};
    case Constraint::Kind::grammar: return {COMMON_GRAMMAR_TYPE_USER, constraint.grammar};
    case Constraint::Kind::format: return {COMMON_GRAMMAR_TYPE_OUTPUT_FORMAT, constraint.grammar};
    case Constraint::Kind::tools: return {COMMON_GRAMMAR_TYPE_TOOL_CALLS, constraint.grammar};
  }
  return {};
}

common_params_sampling params_of(const Sampling& sampling, const Constraint& constraint,
                                 std::size_t window) {
  common_params_sampling params;
  params.seed = sampling.seed.value_or(LLAMA_DEFAULT_SEED);
  params.temp = sampling.temperature;
  params.top_p = sampling.top_p;
  params.min_p = sampling.min_p;
  params.typ_p = sampling.typical_p;
  params.top_k = sampling.top_k;
  params.penalty_last_n = static_cast<std::int32_t>(window);
  params.penalty_repeat = sampling.repeat_penalty;
  params.penalty_freq = sampling.frequency_penalty;
  params.penalty_present = sampling.presence_penalty;
  params.no_perf = true;
  params.samplers = {COMMON_SAMPLER_TYPE_PENALTIES, COMMON_SAMPLER_TYPE_TOP_K,
                     COMMON_SAMPLER_TYPE_TYPICAL_P, COMMON_SAMPLER_TYPE_TOP_P,
                     COMMON_SAMPLER_TYPE_MIN_P,     COMMON_SAMPLER_TYPE_TEMPERATURE};
  for (const auto& [token, bias] : sampling.bias) params.logit_bias.push_back({token, bias});
  params.grammar = grammar_of(constraint);
  params.grammar_lazy = constraint.lazy;
  params.generation_prompt = constraint.begun;
  for (const Constraint::Trigger& trigger : constraint.triggers) {
    common_grammar_trigger made;
    made.type = static_cast<common_grammar_trigger_type>(trigger.kind);
    made.value = trigger.value;
    made.token = trigger.token;
    params.grammar_triggers.push_back(std::move(made));
  }
  return params;
}

bool plain(const Sampling& sampling, const Constraint& constraint) {
  return sampling.temperature <= 0 && sampling.repeat_penalty == 1 &&
         sampling.frequency_penalty == 0 && sampling.presence_penalty == 0 &&
         constraint.kind == Constraint::Kind::none;
}

using Bias = std::vector<std::pair<TokenId, float>>;

// bias: by token.
TokenId largest(std::span<const float> logits, const Bias& bias) {
  auto next = bias.begin();
  TokenId best = 0;
  float most = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    float value = logits[i];
    for (; next != bias.end() && static_cast<std::size_t>(next->first) == i; ++next) {
      value += next->second;
    }
    if (value > most) {
      most = value;
      best = static_cast<TokenId>(i);
    }
  }
  return best;
}

}  // namespace

struct Sampler::State {
  std::shared_ptr<const Model> model;
  common_sampler_ptr chain;  // null: the largest logit wins
  Bias bias;                 // then; by token
  bool counts_prompt = false;
};

Sampler::Sampler(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sampler::~Sampler() = default;

Result<std::unique_ptr<Sampler>> Sampler::open(std::shared_ptr<const Model> model,
                                               const Sampling& sampling,
                                               const Constraint& constraint, std::size_t window) {
  auto state = std::make_unique<State>();
  state->model = std::move(model);
  if (plain(sampling, constraint)) {
    state->bias = sampling.bias;
    std::ranges::sort(state->bias, {}, &Bias::value_type::first);
    return std::unique_ptr<Sampler>(new Sampler(std::move(state)));
  }
  state->counts_prompt = sampling.repeat_penalty != 1;
  ErrorCapture capture;
  try {
    common_params_sampling params = params_of(sampling, constraint, window);
    state->chain.reset(common_sampler_init(state->model->raw(), params));
  } catch (const std::exception& problem) {
    const std::string& cause = capture.first();
    return fail(Code::invalid, fmt::format("'grammar' cannot be read: {}",
                                           cause.empty() ? problem.what() : cause));
  }
  if (!state->chain) return fail(Code::invalid, "'grammar' cannot be read");
  return std::unique_ptr<Sampler>(new Sampler(std::move(state)));
}

void Sampler::read_prompt(std::span<const TokenId> tokens) {
  if (!state_->chain || !state_->counts_prompt) return;
  for (const TokenId token : tokens) common_sampler_accept(state_->chain.get(), token, false);
}

Result<TokenId> Sampler::choose(const Context& context, std::size_t place) {
  if (!state_->chain) return largest(context.logits(place), state_->bias);
  try {
    const TokenId token =
        common_sampler_sample(state_->chain.get(), context.raw(), static_cast<int>(place));
    common_sampler_accept(state_->chain.get(), token, true);
    return token;
  } catch (const std::exception& problem) {
    return fail(Code::internal, fmt::format("no token fits the grammar: {}", problem.what()));
  }
}

}  // namespace refrain::llama
