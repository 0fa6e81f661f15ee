#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/answer.h"
#include "chat/request.h"
#include "fetch/client.h"
#include "json/value.h"
#include "upstream/options.h"

namespace refrain::upstream {

/// Headers that may travel on from an upstream's reply: not those of one connection, not date and
/// server (the door has its own), not set-cookie (a flight has many readers).
chat::Headers travelling(const fetch::Headers& headers);

/// True if the request names no model and this upstream wants one.
bool needs_model(const chat::Request& request, const Upstream& upstream) noexcept;

/// How the upstream's reply will read.
struct Shape {
  chat::Origin origin = chat::Origin::openai_chat;
  std::vector<json::Value> items{};  // of an embeddings request
};

struct Question {
  fetch::Request http;
  Shape shape;
};

/// The request as this upstream wants it: path, body, headers, timeouts.
/// model  for requests that have none; used only if needs_model().
/// Errors: invalid (embeddings without input), unsupported (what a translation would lose).
base::Result<Question> ask(const chat::Request& request, const Upstream& upstream,
                           std::string_view model);

/// The headers with the upstream's own credential in the client's place, if it has one.
fetch::Headers with_credential(fetch::Headers headers, const Upstream& upstream);

}  // namespace refrain::upstream
