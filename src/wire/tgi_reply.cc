// A TGI event keeps all of its members, in their order, in the choice's extra, so that it is
// written back as it came; content, finish and usage are read out of it for the cache. A special
// token (the end of the sequence) is no content: generated_text does not have it either. We always
// ask for details, because only they say why an answer ended; a server without them (the
// reference's test servers) ended it by sending generated_text.
#include <optional>
#include <utility>

#include "wire/checks.h"
#include "wire/tgi.h"

namespace refrain::wire::tgi {
namespace {

using base::Result;

std::unexpected<base::Error> odd(std::string_view what) {
  return base::fail(base::Code::invalid, "upstream reply: " + std::string(what));
}

std::int64_t count(const json::Value& details, std::string_view name) {
  const json::Value* value = details.find(name);
  return value == nullptr ? 0 : value->as_int().value_or(0);
}

/// Usage in OpenAI's words, so that tokens are counted alike whatever the upstream.
json::Value usage_of(const json::Value& details) {
  if (details.find("generated_tokens") == nullptr) return {};
  std::int64_t generated = count(details, "generated_tokens");
  std::int64_t prompt = count(details, "input_length");
  const json::Value* prefill = details.find("prefill");
  if (prompt == 0 && prefill != nullptr && prefill->is_array()) {
    prompt = static_cast<std::int64_t>(prefill->array()->size());
  }
  constexpr std::int64_t kCountMax = std::int64_t{1} << 53;
  if (generated < 0 || prompt < 0 || generated > kCountMax || prompt > kCountMax) return {};
  return json::Object{{"prompt_tokens", json::Value::of(prompt)},
                      {"completion_tokens", json::Value::of(generated)},
                      {"total_tokens", json::Value::of(prompt + generated)}};
}

/// Finish and usage of the last event or of a whole reply.
void end(const json::Value* details, chat::Event& event) {
  chat::ChoiceDelta& choice = event.choices.front();
  choice.finish = "eos_token";
  if (details == nullptr || !details->is_object()) return;
  std::string_view reason = details->text("finish_reason");
  if (!reason.empty()) choice.finish = std::string(reason);
  event.usage = usage_of(*details);
}

bool is_text(const json::Value* value) { return value != nullptr && value->is_string(); }

}  // namespace

Result<std::variant<chat::Answer, openai::ErrorObject>> read_reply(std::string_view body) {
  TRY(parsed, read_foreign(body));
  json::Value* reply = &parsed;
  if (json::Array* list = parsed.array()) {
    if (list->size() != 1) return odd(std::to_string(list->size()) + " replies in a list");
    reply = &list->front();
  }
  if (!reply->is_object()) return odd("a JSON " + std::string(reply->kind()) + ", not an object");
  if (std::optional<std::string> message = error_message(*reply)) {
    return openai::ErrorObject{std::string(body), std::move(*message)};
  }
  if (!is_text(reply->find("generated_text"))) return odd("there is no 'generated_text'");
  chat::Event event;
  chat::ChoiceDelta& choice = event.choices.emplace_back();
  end(reply->find("details"), event);
  choice.content = std::move(*reply->find("generated_text")->string());
  for (json::Member& member : *reply->object()) {
    if (member.name != "generated_text") choice.extra.push_back(std::move(member));
  }
  chat::Answer answer{chat::Origin::tgi, chat::Delivery::whole, {}};
  answer.events.push_back(std::make_shared<const chat::Event>(std::move(event)));
  return answer;
}

Result<std::variant<std::shared_ptr<const chat::Event>, openai::ErrorObject>> read_chunk(
    std::string_view data) {
  TRY(value, read_foreign(data));
  if (!value.is_object()) return odd("a JSON " + std::string(value.kind()) + ", not an object");
  if (std::optional<std::string> message = error_message(value)) {
    return openai::ErrorObject{std::string(data), std::move(*message)};
  }
  const json::Value* token = value.find("token");
  if (token == nullptr || !token->is_object() || !is_text(token->find("text"))) {
    return odd("an event has no token with a text");
  }
  chat::Event event;
  chat::ChoiceDelta& choice = event.choices.emplace_back();
  const json::Value* special = token->find("special");
  bool is_special = special != nullptr && special->is_bool() && *special->boolean();
  choice.content = is_special ? std::string() : std::string(token->text("text"));
  const json::Value* details = value.find("details");
  if (is_text(value.find("generated_text")) || (details != nullptr && details->is_object())) {
    end(details, event);
  }
  choice.extra = std::move(*value.object());
  return std::make_shared<const chat::Event>(std::move(event));
}

bool terminal(const chat::Answer& answer) {
  for (const auto& event : answer.events) {
    for (const chat::ChoiceDelta& choice : event->choices) {
      if (choice.finish) return true;
    }
  }
  return false;
}

}  // namespace refrain::wire::tgi
