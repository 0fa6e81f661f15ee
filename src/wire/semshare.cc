#include "wire/semshare.h"

#include <cmath>

#include <fmt/format.h>

#include "wire/checks.h"
#include "wire/members.h"
#include "wire/text.h"

namespace refrain::wire::semshare {
namespace {

using base::Result;

// Defaults of the reference.
constexpr std::int64_t kNewTokens = 128;
constexpr double kTemperature = 0.7;
constexpr double kTopP = 0.9;
constexpr double kThreshold = 0.8;

const json::Value* member(const json::Value& body, std::string_view name) {
  const json::Value* value = body.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<double> number(const json::Value& body, std::string_view name, double initial) {
  const json::Value* value = member(body, name);
  if (value == nullptr) return initial;
  const std::optional<double> number = value->as_double();
  if (!number) return wrong(name, "a number", value);
  return *number;
}

}  // namespace

Result<Request> read_request(std::string_view body) {
  TRY(value, read_object(body));
  const json::Value* prompt = value.find("prompt");
  if (prompt == nullptr || !prompt->is_string()) return wrong("prompt", "a string", prompt);
  Request request;
  TRY(temperature, number(value, "temperature", kTemperature));
  TRY(top_p, number(value, "top_p", kTopP));
  TRY(threshold, number(value, "sim_threshold", kThreshold));
  request.sim_threshold = threshold;
  const json::Value* limit = member(value, "max_new_tokens");
  if (limit != nullptr && !limit->as_int()) return wrong("max_new_tokens", "a whole number", limit);
  if (const json::Value* use = member(value, "use_semshare")) {
    if (!use->is_bool()) return wrong("use_semshare", "true or false", use);
    request.use_semshare = *use->boolean();
  }
  if (const json::Value* key = member(value, "store_key")) {
    if (!key->is_string()) return wrong("store_key", "a string or null", key);
    request.store_key = *key->string();
  }
  chat::Request& chat = request.chat;
  chat.dialect = chat::Dialect::openai_completion;
  chat.text = *prompt->string();
  chat.body.set("prompt", *prompt->string());
  chat.body.set("max_tokens", limit != nullptr ? *limit : json::Value::of(kNewTokens));
  chat.body.set("temperature", json::Value::of(temperature));
  chat.body.set("top_p", json::Value::of(top_p));
  chat.body.set("echo", true);
  return request;
}

std::string render_reply(const Reply& reply) {
  std::string out;
  Members members(out);
  members.text("text", reply.text);
  members.raw("used_semshare", "false");
  members.raw("cache_hit", "false");
  members.raw("ref_key", "null");
  members.raw("retrieved_sim", "null");
  members.text("store_key", reply.store_key);
  members.raw("start_ms", std::to_string(reply.start_ms));
  members.value("latency_ms", json::Value::of(reply.latency_ms));
  members.text("run_key", fmt::format("M_{}ms_{}_{}", std::llround(reply.latency_ms),
                                      reply.start_ms, reply.store_key));
  members.text("reason", reply.reason);
  members.text("reuse", reply.rung);
  members.raw("reused_tokens", std::to_string(reply.reused_tokens));
  members.raw("prefilled_tokens", std::to_string(reply.prefilled_tokens));
  members.close();
  return out;
}

std::string render_stats(const std::vector<std::string>& keys) {
  std::string out;
  Members members(out);
  members.raw("items", std::to_string(keys.size()));
  members.value("keys", json::Array(keys.begin(), keys.end()));
  members.close();
  return out;
}

std::string error_body(std::string_view sentence) {
  std::string out;
  Members members(out);
  members.text("detail", readable(sentence));
  members.close();
  return out;
}

}  // namespace refrain::wire::semshare
