#include "engine/order.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "wire/tgi.h"

namespace refrain::engine {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kStopsMax = 16;
constexpr std::size_t kTopLogprobsMax = 20;
constexpr std::size_t kPromptsMax = 256;

std::unexpected<base::Error> wrong(std::string_view name, std::string_view wanted,
                                   const json::Value& value) {
  return fail(Code::invalid,
              fmt::format("'{}' must be {}, it is {}", name, wanted,
                          value.is_number() ? json::write(value) : std::string(value.kind())));
}

// Members of a body that may be absent or null.
class Members {
 public:
  explicit Members(const json::Value& body) : body_(body) {}

  const json::Value* find(std::string_view name) const {
    const json::Value* value = body_.find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  struct Bounds {
    double low, high;
  };
  template <class T>
  Result<> number(std::string_view name, Bounds bounds, T& out) const {
    const json::Value* value = find(name);
    if (value == nullptr) return {};
    const std::optional<double> number = value->as_double();
    if (!number || *number < bounds.low || *number > bounds.high) {
      return wrong(name, fmt::format("a number from {} to {}", bounds.low, bounds.high), *value);
    }
    out = static_cast<T>(*number);
    return {};
  }

  Result<std::optional<std::int64_t>> whole(std::string_view name, Bounds bounds) const {
    const json::Value* value = find(name);
    if (value == nullptr) return std::optional<std::int64_t>();
    const std::optional<std::int64_t> number = value->as_int();
    if (!number || static_cast<double>(*number) < bounds.low ||
        static_cast<double>(*number) > bounds.high) {
      return wrong(name, fmt::format("a whole number from {} to {}", bounds.low, bounds.high),
                   *value);
    }
    return number;
  }

  Result<bool> flag(std::string_view name) const {
    const json::Value* value = find(name);
    if (value == nullptr) return false;
    if (!value->is_bool()) return wrong(name, "true or false", *value);
    return *value->boolean();
  }

 private:
  const json::Value& body_;
};

constexpr double kTokensMax = 1e9;

Result<> read_bias(const Members& in, Order& order) {
  const json::Value* bias = in.find("logit_bias");
  if (bias == nullptr) return {};
  if (!bias->is_object()) return wrong("logit_bias", "an object of token ids", *bias);
  for (const json::Member& member : *bias->object()) {
    std::int32_t token = 0;
    const char* end = member.name.data() + member.name.size();
    const auto [at, problem] = std::from_chars(member.name.data(), end, token);
    const std::optional<double> value = member.value.as_double();
    if (problem != std::errc{} || at != end || token < 0 || !value || std::fabs(*value) > 100) {
      return fail(Code::invalid, fmt::format("'logit_bias' must map token ids to numbers from -100 "
                                             "to 100, '{}' is {}",
                                             member.name, json::write(member.value)));
    }
    // OpenAI: -100 forbids a token.
    const bool forbids = *value <= -100;
    order.sampling.bias.emplace_back(
        token, forbids ? -std::numeric_limits<float>::infinity() : static_cast<float>(*value));
  }
  return {};
}

Result<> read_sampling(const Members& in, Order& order) {
  llama::Sampling& to = order.sampling;
  TRY_DO(in.number("temperature", {0, 100}, to.temperature));
  TRY_DO(in.number("top_p", {0, 1}, to.top_p));
  TRY_DO(in.number("min_p", {0, 1}, to.min_p));
  TRY_DO(in.number("typical_p", {0, 1}, to.typical_p));
  TRY_DO(in.number("top_k", {-1, 1e9}, to.top_k));
  if (to.top_k < 0) to.top_k = 0;
  TRY_DO(in.number("frequency_penalty", {-2, 2}, to.frequency_penalty));
  TRY_DO(in.number("presence_penalty", {-2, 2}, to.presence_penalty));
  TRY_DO(in.number("repeat_penalty", {0.01, 100}, to.repeat_penalty));
  TRY_DO(in.number("repetition_penalty", {0.01, 100}, to.repeat_penalty));
  TRY(seed, in.whole("seed", {-9.2e18, 9.2e18}));
  // Any number is a seed; llama.cpp takes 32 bits, of which one value means "random".
  if (seed) to.seed = static_cast<std::uint32_t>(static_cast<std::uint64_t>(*seed) % 0xFFFFFFFFU);
  return read_bias(in, order);
}

Result<> read_stops(const Members& in, Order& order) {
  const json::Value* stop = in.find("stop");
  if (stop == nullptr) return {};
  json::Array list;
  if (stop->is_string()) list.push_back(*stop);
  if (stop->is_array()) list = *stop->array();
  if (!stop->is_string() && !stop->is_array()) {
    return wrong("stop", "a string or an array of strings", *stop);
  }
  if (list.size() > kStopsMax) {
    return fail(Code::invalid,
                fmt::format("'stop' has {} sequences, {} are allowed", list.size(), kStopsMax));
  }
  for (const json::Value& item : list) {
    if (!item.is_string()) return wrong("stop", "a string or an array of strings", item);
    if (!item.string()->empty()) order.stops.push_back(*item.string());
  }
  return {};
}

// {"type": "json_object"} or {"type": "json_schema", "json_schema": {"schema": {}}}; a schema as
// JSON text, "" for plain text.
Result<std::string> read_format(const Members& in) {
  const json::Value* format = in.find("response_format");
  if (format == nullptr) return std::string();
  const std::string_view type = format->text("type");
  if (type == "text") return std::string();
  const json::Value* schema = format->find("schema");
  if (type == "json_schema") {
    const json::Value* named = format->find("json_schema");
    schema = named == nullptr ? nullptr : named->find("schema");
    if (schema == nullptr || !schema->is_object()) {
      return fail(Code::invalid, "'response_format.json_schema.schema' must be an object");
    }
  } else if (type != "json_object") {
    return fail(Code::invalid, fmt::format("'response_format.type' must be text, json_object or "
                                           "json_schema, it is '{}'",
                                           type));
  }
  const bool any = schema == nullptr || !schema->is_object() || schema->object()->empty();
  return any ? std::string(R"({"type":"object"})") : json::write(*schema);
}

Result<std::string> read_grammar(const Members& in) {
  const json::Value* grammar = in.find("grammar");
  if (grammar == nullptr) return std::string();
  if (!grammar->is_string()) return wrong("grammar", "a string (GBNF)", *grammar);
  return *grammar->string();
}

Result<> read_rest(const Members& in, Order& order) {
  TRY(choices, in.whole("n", {1, 128}));
  if (choices) order.choices = static_cast<std::size_t>(*choices);
  TRY(best_of, in.whole("best_of", {1, 128}));
  if (best_of && static_cast<std::size_t>(*best_of) != order.choices) {
    return fail(Code::unsupported,
                fmt::format("'best_of' {} beside n {}: this engine returns every answer it writes",
                            *best_of, order.choices));
  }
  TRY(ignore_end, in.flag("ignore_eos"));
  order.ignore_end = ignore_end;
  const json::Value* reuse = in.find("reuse");
  if (reuse != nullptr && (!reuse->is_string() ||
                           (*reuse->string() != "approximate" && *reuse->string() != "exact"))) {
    return wrong("reuse", "'exact' or 'approximate'", *reuse);
  }
  order.approximate = reuse != nullptr && *reuse->string() == "approximate";
  TRY_DO(read_sampling(in, order));
  return read_stops(in, order);
}

Result<> read_limit(const Members& in, std::string_view name, Order& order) {
  TRY(limit, in.whole(name, {0, kTokensMax}));
  if (limit) order.tokens_max = static_cast<std::size_t>(*limit);
  return {};
}

Result<Order> read_chat(const json::Value& body) {
  const Members in(body);
  Order order;
  TRY_DO(read_rest(in, order));
  TRY_DO(read_limit(in, "max_tokens", order));
  TRY_DO(read_limit(in, "max_completion_tokens", order));
  TRY(logprobs, in.flag("logprobs"));
  TRY(top, in.whole("top_logprobs", {0, kTopLogprobsMax}));
  if (logprobs) order.top_logprobs = static_cast<std::size_t>(top.value_or(0));
  llama::ChatAsk& ask = order.chat.emplace();
  const json::Value* messages = in.find("messages");
  if (messages == nullptr) return fail(Code::invalid, "'messages' is missing");
  ask.messages = json::write(*messages);
  TRY(schema, read_format(in));
  TRY(grammar, read_grammar(in));
  ask.schema = std::move(schema);
  ask.grammar = std::move(grammar);
  const json::Value* tools = in.find("tools");
  if (tools != nullptr && tools->is_array() && !tools->array()->empty()) {
    ask.tools = json::write(*tools);
  }
  const json::Value* choice = in.find("tool_choice");
  if (choice != nullptr && choice->is_object()) {
    return fail(Code::unsupported, "'tool_choice' of one named tool: use 'required' and one tool");
  }
  if (choice != nullptr && choice->is_string()) ask.choice = *choice->string();
  const json::Value* several = in.find("parallel_tool_calls");
  if (several != nullptr && several->is_bool() && !*several->boolean()) {
    ask.calls = llama::ChatAsk::Calls::one;
  }
  const json::Value* arguments = in.find("chat_template_kwargs");
  if (arguments != nullptr && arguments->is_object()) ask.arguments = json::write(*arguments);
  return order;
}

bool is_number(const json::Value& value) { return value.is_number(); }

Result<Order::Prompt> read_prompt(const json::Value& value) {
  if (value.is_string()) return Order::Prompt{*value.string(), std::nullopt};
  if (!value.is_array() || value.array()->empty()) {
    return wrong("prompt", "a string, token ids, or a list of these", value);
  }
  Order::Prompt prompt;
  prompt.tokens.emplace();
  for (const json::Value& item : *value.array()) {
    const std::optional<std::int64_t> id = item.as_int();
    if (!id || *id < 0 || *id > std::numeric_limits<std::int32_t>::max()) {
      return wrong("prompt", "a string, token ids, or a list of these", item);
    }
    prompt.tokens->push_back(static_cast<llama::TokenId>(*id));
  }
  return prompt;
}

Result<> read_prompts(const Members& in, Order& order) {
  const json::Value* prompt = in.find("prompt");
  if (prompt == nullptr) return fail(Code::invalid, "'prompt' is missing");
  const json::Array* list = prompt->array();
  const bool several = list != nullptr && !list->empty() && !is_number(list->front());
  if (several && list->size() > kPromptsMax) {
    return fail(Code::invalid,
                fmt::format("'prompt' has {} items, {} are allowed", list->size(), kPromptsMax));
  }
  const json::Array one{*prompt};
  for (const json::Value& item : several ? *list : one) {
    TRY(read, read_prompt(item));
    order.prompts.push_back(std::move(read));
  }
  return {};
}

// OpenAI's own limit of completions that name none.
constexpr std::size_t kCompletionTokens = 16;

Result<Order> read_completion(const json::Value& body) {
  const Members in(body);
  Order order;
  order.origin = chat::Origin::openai_completion;
  TRY_DO(read_rest(in, order));
  order.tokens_max = kCompletionTokens;
  TRY_DO(read_limit(in, "max_tokens", order));
  TRY(logprobs, in.whole("logprobs", {0, kTopLogprobsMax}));
  if (logprobs) order.top_logprobs = static_cast<std::size_t>(*logprobs);
  TRY(truncate, in.whole("truncate_prompt_tokens", {1, kTokensMax}));
  if (truncate) order.prompt_tokens_max = static_cast<std::size_t>(*truncate);
  TRY(echo, in.flag("echo"));
  order.echo = echo;
  if (echo && order.top_logprobs) {
    return fail(Code::unsupported, "'echo' with 'logprobs': the prompt's are not computed");
  }
  if (const json::Value* suffix = in.find("suffix")) {
    if (!suffix->is_string() || !suffix->string()->empty()) {
      return fail(Code::unsupported, "'suffix': this engine does not fill in the middle");
    }
  }
  TRY(schema, read_format(in));
  TRY(grammar, read_grammar(in));
  order.schema = std::move(schema);
  order.grammar = std::move(grammar);
  TRY_DO(read_prompts(in, order));
  return order;
}

}  // namespace

Result<Order> read_order(const chat::Request& request) {
  switch (request.dialect) {
    case chat::Dialect::openai_chat: return read_chat(request.body);
    case chat::Dialect::openai_completion: return read_completion(request.body);
    case chat::Dialect::tgi:
    case chat::Dialect::gkv: {
      TRY(text, wire::tgi::completion_body(request, "", wire::openai::StreamUsage::as_asked));
      TRY(body, json::parse(text));
      return read_completion(body);
    }
    case chat::Dialect::openai_embedding: break;
  }
  return fail(Code::unsupported, "a model that writes text gives no embeddings");
}

}  // namespace refrain::engine
