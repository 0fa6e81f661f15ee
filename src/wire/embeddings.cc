// A batch is many questions in one body. Each item becomes a request of its own, equal to the one a
// client would send for that item alone, so that an embedding is found again in whatever batch it
// comes. The upstream counts tokens for a batch only; each item's answer gets a share by the length
// of its input, cut so that the shares of a batch add up to what was counted: the share of item i
// is the rounded running total up to i, less that up to i - 1.
#include "wire/embeddings.h"

#include <algorithm>
#include <utility>

#include "wire/checks.h"
#include "wire/members.h"

namespace refrain::wire::openai {
namespace {

using base::Result;

std::unexpected<base::Error> odd(std::string_view what) {
  return base::fail(base::Code::invalid, "upstream embeddings: " + std::string(what));
}

std::int64_t count(const json::Value& usage, std::string_view name) {
  const json::Value* value = usage.find(name);
  return value == nullptr ? 0 : std::max<std::int64_t>(0, value->as_int().value_or(0));
}

json::Value usage_of(std::int64_t prompt, std::int64_t total) {
  return json::Object{{"prompt_tokens", json::Value::of(prompt)},
                      {"total_tokens", json::Value::of(total)}};
}

/// The shares of `counted` by weight.
std::vector<std::int64_t> shares(std::int64_t counted, const std::vector<double>& weights) {
  double all = 0;
  for (double weight : weights) all += weight;
  std::vector<std::int64_t> out;
  double seen = 0;
  std::int64_t given = 0;
  for (double weight : weights) {
    seen += weight;
    double exact = static_cast<double>(counted) * (seen / all);
    std::int64_t upto = std::min(static_cast<std::int64_t>(exact + 0.5), counted);
    out.push_back(upto - given);
    given = upto;
  }
  if (!out.empty()) out.back() += counted - given;
  return out;
}

std::vector<json::Value> split_usage(const json::Value& usage,
                                     std::span<const json::Value> items) {
  if (items.size() == 1) return {usage};
  if (usage.is_null()) return std::vector<json::Value>(items.size());
  std::vector<double> weights;
  for (const json::Value& item : items) {
    const std::string* text = item.string();
    const json::Array* tokens = item.array();
    std::size_t length = text != nullptr ? text->size() : tokens != nullptr ? tokens->size() : 0;
    weights.push_back(static_cast<double>(length + 1));
  }
  // Above 2^53 a double no longer counts; no batch has that many tokens.
  constexpr std::int64_t kCountMax = std::int64_t{1} << 53;
  auto prompt = shares(std::min(count(usage, "prompt_tokens"), kCountMax), weights);
  auto total = shares(std::min(count(usage, "total_tokens"), kCountMax), weights);
  std::vector<json::Value> out;
  for (std::size_t i = 0; i < items.size(); ++i) out.push_back(usage_of(prompt[i], total[i]));
  return out;
}

/// Puts the element where its index says.
Result<> place(json::Value& element, std::size_t position, std::vector<json::Object>& out) {
  if (!element.is_object()) return odd("an element is of kind " + std::string(element.kind()));
  const json::Value* named = element.find("index");
  std::optional<std::int64_t> index = named == nullptr ? static_cast<std::int64_t>(position)
                                                       : named->as_int();
  if (!index || *index < 0 || static_cast<std::size_t>(*index) >= out.size()) {
    return odd("an index is outside 0 to " + std::to_string(out.size() - 1));
  }
  json::Object& slot = out[static_cast<std::size_t>(*index)];
  if (!slot.empty()) return odd("index " + std::to_string(*index) + " comes twice");
  const json::Value* vector = element.find("embedding");
  if (vector == nullptr || (!vector->is_array() && !vector->is_string())) {
    return odd("element " + std::to_string(*index) + " has no embedding");
  }
  for (json::Member& member : *element.object()) {
    if (member.name != "index" && member.name != "object") slot.push_back(std::move(member));
  }
  return {};
}

bool is_token(const json::Value& value) { return value.is_number(); }

/// Adds up the usage of several answers; null if none has one.
json::Value sum_usage(std::span<const chat::Answer* const> answers) {
  if (answers.size() == 1) return answers.front()->events.front()->usage;
  std::int64_t prompt = 0;
  std::int64_t total = 0;
  bool any = false;
  for (const chat::Answer* answer : answers) {
    const json::Value& usage = answer->events.front()->usage;
    any = any || !usage.is_null();
    prompt += count(usage, "prompt_tokens");
    total += count(usage, "total_tokens");
  }
  return any ? usage_of(prompt, total) : json::Value();
}

}  // namespace

Result<EmbeddingInputs> embedding_inputs(const chat::Request& request) {
  const json::Value* input = request.body.find("input");
  if (input == nullptr) return wrong("input", "a string or an array", input);
  if (input->is_string()) return EmbeddingInputs{{*input}, false};
  const json::Array* list = input->array();
  if (list == nullptr) return wrong("input", "a string or an array", input);
  if (list->empty()) return base::fail(base::Code::invalid, "'input' must not be empty");
  if (std::ranges::all_of(*list, is_token)) return EmbeddingInputs{{*input}, false};
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::Value& item = (*list)[i];
    const json::Array* tokens = item.array();
    bool is_tokens =
        tokens != nullptr && !tokens->empty() && std::ranges::all_of(*tokens, is_token);
    if (!item.is_string() && !is_tokens) {
      return wrong("input[" + std::to_string(i) + "]", "a string or a list of tokens", &item);
    }
  }
  return EmbeddingInputs{*list, true};
}

chat::Request item_request(const chat::Request& request, const json::Value& item) {
  chat::Request out;
  out.dialect = request.dialect;
  out.model = request.model;
  out.exact_only = true;
  out.pass = request.pass;
  if (const std::string* text = item.string()) out.text = *text;
  // The other inputs are not copied: a batch may be large, and each item comes this way.
  json::Object body;
  for (const json::Member& member : *request.body.object()) {
    body.push_back(member.name == "input" ? json::Member{"input", item} : member);
  }
  out.body = std::move(body);
  return out;
}

std::string upstream_embeddings_body(const chat::Request& request,
                                     std::span<const json::Value> items) {
  const json::Value* input = request.body.find("input");
  const json::Array* list = input != nullptr ? input->array() : nullptr;
  bool batch = list != nullptr && !std::ranges::all_of(*list, is_token);
  std::string out;
  Members members(out);
  for (const json::Member& member : *request.body.object()) {
    const json::Value* cache = member.name == "cache" ? &member.value : nullptr;
    if (cache != nullptr && cache->is_object()) continue;  // LiteLLM's, as in upstream_body
    if (member.name != "input") {
      members.extras({member}, [](std::string_view, const json::Value&) { return true; });
      continue;
    }
    std::string& value = members.name("input");
    if (batch) value += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) value += ',';
      json::write(items[i], value);
    }
    if (batch) value += ']';
  }
  members.close();
  return out;
}

Result<std::variant<std::vector<chat::Answer>, ErrorObject>> read_embeddings(
    std::string_view body, std::span<const json::Value> items) {
  TRY(value, read_foreign(body));
  if (!value.is_object()) return odd("a JSON " + std::string(value.kind()) + ", not an object");
  if (std::optional<std::string> message = error_message(value)) {
    return ErrorObject{std::string(body), std::move(*message)};
  }
  json::Value* data = value.find("data");
  json::Array* elements = data != nullptr ? data->array() : nullptr;
  if (elements == nullptr) return odd("there is no list 'data'");
  if (elements->size() != items.size()) {
    return odd(std::to_string(elements->size()) + " embeddings for " +
               std::to_string(items.size()) + " inputs");
  }
  std::vector<json::Object> slots(items.size());
  for (std::size_t i = 0; i < elements->size(); ++i) TRY_DO(place((*elements)[i], i, slots));
  const json::Value* usage = value.find("usage");
  std::vector<json::Value> usages =
      split_usage(usage != nullptr ? *usage : json::Value(), items);
  json::Object head;
  for (json::Member& member : *value.object()) {
    if (member.name != "object" && member.name != "data" && member.name != "usage") {
      head.push_back(std::move(member));
    }
  }
  std::vector<chat::Answer> answers;
  for (std::size_t i = 0; i < items.size(); ++i) {
    chat::Event event;
    event.choices.emplace_back().extra = std::move(slots[i]);
    event.usage = std::move(usages[i]);
    event.head = head;
    chat::Answer answer{chat::Origin::openai_embedding, chat::Delivery::whole, {}};
    answer.events.push_back(std::make_shared<const chat::Event>(std::move(event)));
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::string render_embeddings(std::span<const chat::Answer* const> answers) {
  std::string out;
  Members members(out);
  members.raw("object", "\"list\"");
  std::string& data = members.name("data");
  data += '[';
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i > 0) data += ',';
    Members element(data);
    element.raw("object", "\"embedding\"");
    element.raw("index", std::to_string(i));
    element.extras(answers[i]->events.front()->choices.front().extra,
                   [](std::string_view name, const json::Value&) {
                     return name != "object" && name != "index";
                   });
    element.close();
  }
  data += ']';
  json::Value usage = sum_usage(answers);
  members.extras(answers.front()->events.front()->head,
                 [](std::string_view name, const json::Value&) {
                   return name != "object" && name != "data" && name != "usage";
                 });
  if (!usage.is_null()) members.value("usage", usage);
  members.close();
  return out;
}

}  // namespace refrain::wire::openai
