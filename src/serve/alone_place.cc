#include "serve/alone_place.h"

#include <utility>

#include "policy/standalone.h"

namespace refrain::serve {
namespace {

bool is_system(const json::Value& message) {
  return message.text("role") == "system" || message.text("role") == "developer";
}

}  // namespace

std::optional<cache::Place> alone_place(const chat::Request& request, const key::Scope& scope,
                                        const key::Rules& rules) {
  if (request.dialect != chat::Dialect::openai_chat || request.exact_only) return std::nullopt;
  const json::Value* found = request.body.find("messages");
  const json::Array* messages = found ? found->array() : nullptr;
  if (!messages || messages->empty() || messages->back().text("role") != "user") {
    return std::nullopt;
  }
  json::Array kept;
  for (const json::Value& message : *messages) {
    if (is_system(message)) kept.push_back(message);
  }
  const bool conversation = kept.size() + 1 < messages->size();
  if (!conversation || !policy::stands_alone(policy::read(request.text))) return std::nullopt;
  kept.push_back(messages->back());
  chat::Request alone = request;
  alone.raw.clear();
  alone.body.set("messages", std::move(kept));
  return cache::Place{scope, key::identify(alone, scope, rules), ""};
}

}  // namespace refrain::serve
