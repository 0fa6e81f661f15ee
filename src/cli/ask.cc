#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/exit.h"
#include "cli/terminal.h"
#include "wire/openai.h"
#include "wire/sse.h"

namespace refrain::cli {
namespace {

using json::Value;

struct Reply {
  int status = 0;
  fetch::Headers headers;
  std::string text, raw, error;
  wire::SseParser parser;
};

void take(Reply& reply, std::string_view bytes, bool print) {
  if (reply.status / 100 != 2) {
    reply.raw += bytes;
    return;
  }
  base::Result<std::vector<wire::SseEvent>> events = reply.parser.feed(bytes);
  if (!events) {
    reply.error = events.error().what;
    return;
  }
  wire::openai::ChunkReader reader(chat::Origin::openai_chat);
  for (const wire::SseEvent& event : *events) {
    if (wire::is_done(event.data)) continue;
    auto chunk = reader.read(event.data);
    if (!chunk) continue;
    if (const auto* error = std::get_if<wire::openai::ErrorObject>(&*chunk)) {
      reply.error = error->message;
      continue;
    }
    for (const auto& choice : std::get<std::shared_ptr<const chat::Event>>(*chunk)->choices) {
      if (!choice.content) continue;
      reply.text += *choice.content;
      if (print) std::fwrite(choice.content->data(), 1, choice.content->size(), stdout);
    }
    if (print) std::fflush(stdout);
  }
}

std::string outcome_line(const Reply& reply, double milliseconds) {
  auto value = [&](std::string_view name) { return fetch::header(reply.headers, name); };
  std::string_view outcome = value("x-refrain-cache");
  std::string line(outcome);
  if (!value("x-refrain-tier").empty()) {
    line += fmt::format(" ({}", value("x-refrain-tier"));
    if (value("x-refrain-tier") == "semantic") {
      line += fmt::format(", cosine {}", value("x-refrain-similarity"));
    }
    line += fmt::format(", answer {}, {} s old)", value("x-refrain-answer-id"), value("age"));
  }
  line = coloured(line, outcome == "hit" ? "32" : "33");
  return fmt::format("[{}, {:.1f} ms, why: refrain explain {}]", line, milliseconds,
                     value("x-refrain-request-id"));
}

Value as_json(const Reply& reply, double milliseconds) {
  Value out;
  out.set("answer", reply.text);
  for (const char* name : {"cache", "tier", "similarity", "answer-id", "request-id"}) {
    std::string_view value = fetch::header(reply.headers, fmt::format("x-refrain-{}", name));
    if (!value.empty()) out.set(name, value);
  }
  out.set("milliseconds", Value::of(milliseconds));
  return out;
}

base::Error refused(const Reply& reply) {
  std::string sentence = fmt::format("status {}", reply.status);
  if (base::Result<Value> body = json::parse(reply.raw)) {
    const Value* error = body->find("error");
    if (error && error->is_object()) sentence += ": " + std::string(error->text("message"));
  }
  return {code_of(reply.status), std::move(sentence)};
}

Value body_of(const AskOptions& options) {
  json::Array messages;
  auto add = [&](std::string_view role, const std::string& text) {
    Value message;
    message.set("role", role);
    message.set("content", text);
    messages.push_back(std::move(message));
  };
  if (!options.system.empty()) add("system", options.system);
  add("user", options.question);
  Value body;
  body.set("model", options.model);
  body.set("messages", std::move(messages));
  body.set("stream", true);
  return body;
}

}  // namespace

int ask(const Session& common, const AskOptions& options) {
  base::Result<std::unique_ptr<Server>> server = Server::open(common.server);
  if (!server) return report(server.error(), common.json);
  fetch::Headers more;
  if (!options.cache.empty()) more.emplace_back("x-refrain-cache", options.cache);
  Reply reply;
  base::SystemClock clock;
  base::Instant start = clock.now();
  base::Result<> done = (*server)->stream(
      "/v1/chat/completions", body_of(options), more,
      [&](int status, const fetch::Headers& headers) {
        reply.status = status;
        reply.headers = headers;
      },
      [&](std::string_view bytes) { take(reply, bytes, !common.json); });
  if (!done) return report(done.error(), common.json);
  if (reply.status / 100 != 2) return report(refused(reply), common.json);
  double milliseconds = base::milliseconds_between(start, clock.now());
  if (!reply.error.empty()) return report({base::Code::internal, reply.error}, common.json);
  if (common.json) {
    std::printf("%s\n", json::write(as_json(reply, milliseconds)).c_str());
  } else {
    std::fputs("\n", stdout);
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", outcome_line(reply, milliseconds).c_str());
  }
  return 0;
}

}  // namespace refrain::cli
