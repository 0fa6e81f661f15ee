// TGI's parameters for an OpenAI-like server. Sampling is the one subtle thing: TGI is greedy
// unless do_sample is true or one of temperature, top_k, top_p and typical_p is set, while OpenAI
// servers sample at temperature 1 by default. So a request that TGI would answer greedily gets
// temperature 0. What only changes how a reply is shown (details, return_full_text) is not sent.
// A grammar or an adapter that the other side cannot be asked for is refused: left out, it would
// give the answer to another question.
#include <algorithm>
#include <array>
#include <utility>

#include "wire/checks.h"
#include "wire/members.h"
#include "wire/tgi.h"

namespace refrain::wire::tgi {
namespace {

using base::Result;

/// Parameters that have another name, are shown by us, or have no equal.
constexpr auto kHandled = std::to_array<std::string_view>(
    {"max_new_tokens", "do_sample", "grammar", "adapter_id", "details", "decoder_input_details",
     "return_full_text", "watermark", "truncate", "top_n_tokens"});
/// Names that would change what kind of reply comes back.
constexpr auto kReserved =
    std::to_array<std::string_view>({"model", "prompt", "max_tokens", "stream", "stream_options",
                                     "n", "echo", "suffix", "response_format"});

const json::Value* parameter(const chat::Request& request, std::string_view name) {
  const json::Value* parameters = request.body.find("parameters");
  const json::Value* value = parameters != nullptr ? parameters->find(name) : nullptr;
  return value != nullptr && !value->is_null() ? value : nullptr;
}

bool flag(const chat::Request& request, std::string_view name) {
  const json::Value* value = parameter(request, name);
  return value != nullptr && value->is_bool() && *value->boolean();
}

bool samples(const chat::Request& request) {
  if (flag(request, "do_sample")) return true;
  constexpr auto kWarpers =
      std::to_array<std::string_view>({"temperature", "top_k", "top_p", "typical_p"});
  return std::ranges::any_of(
      kWarpers, [&](std::string_view name) { return parameter(request, name) != nullptr; });
}

/// The grammar as a response_format; null if there is none.
Result<json::Value> response_format(const chat::Request& request) {
  const json::Value* grammar = parameter(request, "grammar");
  if (grammar == nullptr) return json::Value();
  const json::Value* schema = grammar->find("value");
  std::string_view type = grammar->text("type");
  if ((type != "json" && type != "json_schema") || schema == nullptr || !schema->is_object()) {
    return base::fail(base::Code::unsupported,
                      "'parameters.grammar' of type '" + std::string(type) +
                          "' cannot be asked of an upstream of kind openai");
  }
  const json::Value* inner = type == "json_schema" ? schema->find("schema") : nullptr;
  json::Object named{{"name", "grammar"}, {"schema", inner != nullptr ? *inner : *schema}};
  return json::Object{{"type", "json_schema"}, {"json_schema", std::move(named)}};
}

void add_parameters(const chat::Request& request, Members& members) {
  const json::Value* limit = parameter(request, "max_new_tokens");
  members.value("max_tokens",
                limit != nullptr ? *limit : json::Value::of(kNewTokensDefault));
  if (!samples(request)) members.raw("temperature", "0");
  const json::Value* truncate = parameter(request, "truncate");
  if (truncate != nullptr) members.value("truncate_prompt_tokens", *truncate);
  const json::Value* top = parameter(request, "top_n_tokens");
  if (top != nullptr && parameter(request, "logprobs") == nullptr) members.value("logprobs", *top);
  const json::Value* parameters = request.body.find("parameters");
  if (parameters == nullptr || !parameters->is_object()) return;
  members.extras(*parameters->object(), [](std::string_view name, const json::Value& value) {
    return !value.is_null() && std::ranges::find(kHandled, name) == kHandled.end() &&
           std::ranges::find(kReserved, name) == kReserved.end();
  });
}

}  // namespace

Result<chat::Request> read_request(Route route, std::string_view body,
                                   const chat::Headers& headers) {
  TRY(value, read_object(body));
  bool streams = route == Route::generate_stream;
  if (route == Route::root) {
    TRY(asked, read_flag(value, "stream"));
    streams = asked;
  }
  TRY(request, read_inputs(chat::Dialect::tgi, std::move(value), headers));
  request.wants_stream = streams;
  return std::move(request);
}

std::string upstream_body(const chat::Request& request) {
  const json::Value* given = request.body.find("parameters");
  json::Value parameters =
      given != nullptr && given->is_object() ? *given : json::Value(json::Object{});
  parameters.set("details", true);
  std::string out;
  Members members(out);
  members.extras(*request.body.object(), [](std::string_view name, const json::Value&) {
    return name != "parameters" && name != "stream";
  });
  members.value("parameters", parameters);
  members.close();
  return out;
}

std::string_view upstream_path(const chat::Request& request) noexcept {
  return request.wants_stream ? "/generate_stream" : "/generate";
}

Result<std::string> completion_body(const chat::Request& request, std::string_view model,
                                    openai::StreamUsage usage) {
  if (parameter(request, "adapter_id") != nullptr) {
    return base::fail(base::Code::unsupported,
                      "'parameters.adapter_id' cannot be asked of an upstream of kind openai");
  }
  TRY(format, response_format(request));
  std::string out;
  Members members(out);
  if (!model.empty()) members.text("model", model);
  members.text("prompt", request.body.text("inputs"));
  add_parameters(request, members);
  if (!format.is_null()) members.value("response_format", format);
  if (request.wants_stream) {
    members.raw("stream", "true");
    if (usage == openai::StreamUsage::always) {
      members.raw("stream_options", "{\"include_usage\":true}");
    }
  }
  members.close();
  return out;
}

RenderOptions render_options(Route route, const chat::Request& request, chat::Origin origin) {
  RenderOptions options;
  options.route = route;
  options.origin = origin;
  options.details = flag(request, "details");
  if (flag(request, "return_full_text")) options.full_text = request.body.text("inputs");
  return options;
}

}  // namespace refrain::wire::tgi
