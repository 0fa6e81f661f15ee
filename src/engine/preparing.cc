#include "engine/preparing.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"

namespace refrain::engine {

using base::Code;
using base::fail;
using base::Result;
using Marks = llama::Vocabulary::Marks;
using Ends = llama::Vocabulary::Ends;

namespace {

// "fp_" and a digest, as OpenAI's look: other weights or another build, another fingerprint.
std::string fingerprint_of(const llama::Model::Facts& facts) {
  const std::string text = fmt::format("{} {} {} {}", facts.name, facts.architecture,
                                       facts.quantisation, facts.bytes);
  return "fp_" + base::hex(base::digest(text).high).substr(0, 10);
}

Result<llama::Constraint> constraint_of(const Order& order,
                                        const std::optional<llama::ChatPrompt>& chat) {
  if (chat) return chat->constraint;
  llama::Constraint constraint;
  if (!order.schema.empty() && !order.grammar.empty()) {
    return fail(Code::invalid, "'grammar' and 'response_format' cannot both be given");
  }
  if (!order.schema.empty()) {
    TRY(grammar, llama::grammar_of_schema(order.schema));
    constraint.kind = llama::Constraint::Kind::format;
    constraint.grammar = std::move(grammar);
  } else if (!order.grammar.empty()) {
    constraint.kind = llama::Constraint::Kind::grammar;
    constraint.grammar = order.grammar;
  }
  return constraint;
}

}  // namespace

Preparing::Preparing(Rooms rooms, Limits limits)
    : rooms_(std::move(rooms)),
      limits_(std::move(limits)),
      fingerprint_(fingerprint_of(rooms_.model->facts())) {
  for (TokenId id = 0; id < static_cast<TokenId>(rooms_.words.size()); ++id) {
    if (rooms_.words.ends(id)) ends_.push_back(id);
  }
}

Result<Preparing::Text> Preparing::read_prompt(const Order& order,
                                               const Order::Prompt& prompt) const {
  Text text;
  if (prompt.tokens) {
    text.tokens = *prompt.tokens;
    const auto size = static_cast<TokenId>(rooms_.words.size());
    const auto unknown = std::ranges::find_if(text.tokens, [&](TokenId id) { return id >= size; });
    if (unknown != text.tokens.end()) {
      return fail(Code::invalid, fmt::format("'prompt' has token {}, the vocabulary has {}",
                                             *unknown, size));
    }
    text.echo = order.echo ? rooms_.words.text(text.tokens, Marks::plain) : "";
  } else {
    TRY(tokens, rooms_.words.tokens(prompt.text, Marks::special, Ends::added));
    text.tokens = std::move(tokens);
    text.echo = prompt.text;
  }
  if (order.prompt_tokens_max && text.tokens.size() > *order.prompt_tokens_max) {
    text.tokens.erase(text.tokens.begin(),
                      text.tokens.end() - static_cast<std::ptrdiff_t>(*order.prompt_tokens_max));
  }
  if (text.tokens.empty()) return fail(Code::invalid, "'prompt' has no tokens");
  return text;
}

Result<std::vector<Preparing::Text>> Preparing::read_prompts(const Order& order) const {
  std::vector<Text> texts;
  for (const Order::Prompt& prompt : order.prompts) {
    TRY(text, read_prompt(order, prompt));
    texts.push_back(std::move(text));
  }
  return texts;
}

// The KV of the prompt is to be kept under a name: whether that can be, and the text of the object.
Result<> Preparing::name_prompt(const chat::Request& request, const std::vector<Text>& texts,
                                Order& order) const {
  if (rooms_.blocks == nullptr) {
    return fail(Code::unsupported, "x-refrain-kv-name: this server keeps no KV of this model");
  }
  if (request.realm.empty()) {
    return fail(Code::invalid, "x-refrain-kv-name: KV of this request may not be kept, because its "
                               "tenant is not certain or it is not to be stored");
  }
  if (texts.size() != 1) {
    return fail(Code::invalid, fmt::format("x-refrain-kv-name: one prompt has a name, not {}",
                                           texts.size()));
  }
  const bool whole = !order.prompt_tokens_max && !order.prompts.front().tokens;
  if (!whole) order.prompts.front().text = rooms_.words.text(texts.front().tokens, Marks::plain);
  order.kv_name = request.kv_name;
  return {};
}

// How many tokens an answer may have.
Result<std::size_t> Preparing::room_for(const Order& order, std::size_t prompt_tokens) const {
  const std::size_t all = limits_.context_tokens;
  if (prompt_tokens >= all) {
    return fail(Code::invalid, fmt::format("the prompt has {} tokens, the context takes {} with at "
                                           "least one of the answer",
                                           prompt_tokens, all));
  }
  if (!order.tokens_max) return all - prompt_tokens;
  if (prompt_tokens + *order.tokens_max > all) {
    return fail(Code::invalid,
                fmt::format("the prompt has {} tokens and {} new ones are asked for, the context "
                            "takes {}",
                            prompt_tokens, *order.tokens_max, all));
  }
  return *order.tokens_max;
}

Result<std::vector<std::unique_ptr<llama::Sampler>>> Preparing::samplers(
    const Order& order, const llama::Constraint& constraint, std::size_t first) const {
  std::vector<std::unique_ptr<llama::Sampler>> out;
  for (std::size_t i = 0; i < order.choices; ++i) {
    llama::Sampling sampling = order.sampling;
    if (order.ignore_end) {
      for (const TokenId end : ends_) {
        sampling.bias.emplace_back(end, -std::numeric_limits<float>::infinity());
      }
    }
    // Equal seeds would give equal choices.
    if (sampling.seed) *sampling.seed += static_cast<std::uint32_t>(first + i);
    TRY(sampler, llama::Sampler::open(rooms_.model, sampling, constraint, limits_.context_tokens));
    out.push_back(std::move(sampler));
  }
  return out;
}

Result<std::vector<std::unique_ptr<Job>>> Preparing::prepare(
    const base::Call& call, const chat::Request& request,
    const std::shared_ptr<chat::Flight>& flight) const {
  const base::Instant received = rooms_.clock.now();
  TRY(order, read_order(request));
  if (order.choices > limits_.choices_max) {
    return fail(Code::invalid, fmt::format("'n' is {}, this engine writes {} answers at once",
                                           order.choices, limits_.choices_max));
  }
  std::optional<llama::ChatPrompt> chat;
  if (order.chat) {
    TRY(applied, rooms_.chats.apply(*order.chat));
    chat = std::move(applied);
    order.prompts = {{chat->text, std::nullopt}};
    order.stops.insert(order.stops.end(), chat->stops.begin(), chat->stops.end());
  }
  TRY(constraint, constraint_of(order, chat));
  TRY(texts, read_prompts(order));
  if (!request.kv_name.empty()) TRY_DO(name_prompt(request, texts, order));
  std::vector<std::string> echoes;
  for (const Text& text : texts) echoes.push_back(text.echo);

  std::vector<std::unique_ptr<Job>> jobs;
  for (Text& text : texts) {
    auto job = std::make_unique<Job>();
    job->realm = request.realm;
    job->request_id = request.id;
    job->first_choice = jobs.size() * order.choices;
    job->approximate = order.approximate;
    job->received = received;
    TRY(room, room_for(order, text.tokens.size()));
    job->tokens_max = room;
    TRY(made, samplers(order, constraint, job->first_choice));
    job->samplers = std::move(made);
    job->prompt = std::move(text.tokens);
    if (rooms_.blocks && !job->realm.empty()) {
      job->match = rooms_.blocks->find(job->realm, job->prompt);
    }
    jobs.push_back(std::move(job));
  }
  auto reply = std::make_shared<Replying>(
      Replying::Parts{std::move(order), std::move(chat), limits_.model_name, fingerprint_, call,
                      flight},
      rooms_.words, std::move(echoes));
  for (const auto& job : jobs) job->reply = reply;
  return jobs;
}

}  // namespace refrain::engine
