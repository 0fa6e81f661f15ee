#include "wire/gkv.h"

#include <array>
#include <cmath>
#include <utility>

#include "wire/checks.h"
#include "wire/members.h"
#include "wire/text.h"
#include "wire/tgi.h"

namespace refrain::wire::gkv {
namespace {

using base::Result;

constexpr auto kStrategies = std::to_array<Strategy>(
    {Strategy::global_user, Strategy::global_only, Strategy::per_user, Strategy::no_cache});

/// Takes an optional string out of the body; "" if it is absent or null.
Result<std::string> take_text(json::Value& body, std::string_view member) {
  json::Value* value = body.find(member);
  std::string text;
  if (value != nullptr && !value->is_null()) {
    if (!value->is_string()) return wrong(member, "a string or null", value);
    text = std::move(*value->string());
  }
  body.remove(member);
  return text;
}

}  // namespace

std::string_view name(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::global_user: return "global_user";
    case Strategy::global_only: return "global_only";
    case Strategy::per_user: return "per_user";
    case Strategy::no_cache: return "no_cache";
  }
  return "global_user";
}

Result<std::variant<Request, MissingUser>> read_request(std::string_view body,
                                                        const chat::Headers& headers) {
  TRY(value, read_object(body));
  Request request;
  TRY(user, take_text(value, "user_id"));
  TRY(strategy, take_text(value, "cache_strategy"));
  TRY(inputs, read_inputs(chat::Dialect::gkv, std::move(value), headers));
  if (user.empty()) return MissingUser{};
  request.user_id = std::move(user);
  request.known = strategy.empty();
  for (Strategy one : kStrategies) {
    if (strategy != name(one)) continue;
    request.strategy = one;
    request.known = true;
  }
  request.chat = std::move(inputs);
  const json::Value* given = request.chat.body.find("parameters");
  json::Value parameters = given != nullptr ? *given : json::Value(json::Object{});
  const json::Value* limit = parameters.find("max_new_tokens");
  if (limit == nullptr || limit->is_null()) {
    parameters.set("max_new_tokens", json::Value::of(kNewTokensDefault));
  }
  request.chat.body.set("parameters", std::move(parameters));
  return request;
}

std::string_view missing_user_body() noexcept {
  return R"({"error":"user_id is required","status_code":400})";
}

std::string render_reply(const chat::Answer& answer, const std::optional<Hit>& hit) {
  std::string out;
  Members members(out);
  members.text("generated_text", chat::text(answer));
  members.raw("cached", hit ? "true" : "false");
  if (hit) {
    // A cosine is a float; its double would show digits that were never measured.
    constexpr double kDigits = 1e6;
    members.value("similarity", json::Value::of(std::round(hit->similarity * kDigits) / kDigits));
    members.text("source", hit->source);
  }
  members.close();
  return out;
}

std::string error_body(std::string_view message, int status) {
  std::string out;
  Members members(out);
  members.text("error", readable(message));
  members.raw("status_code", std::to_string(status));
  members.close();
  return out;
}

}  // namespace refrain::wire::gkv
