#include "cli/feedback.h"

#include <cstdio>

#include <fmt/format.h>

#include "cli/exit.h"
#include "cli/server.h"
#include "json/value.h"

namespace refrain::cli {
namespace {

using json::Value;

std::size_t length(const Value& told, std::string_view name) {
  const Value* list = told.find(name);
  return list && list->array() ? list->array()->size() : 0;
}

base::Result<Value> tell(const Session& common, const FeedbackCommand& command) {
  TRY(server, Server::open(common.server));
  Value body;
  body.set("id", command.id);
  body.set("verdict", command.verdict);
  body.set("forget_others", command.forget_others);
  return server->post("/refrain/v1/feedback", body);
}

}  // namespace

std::string render_told(const Value& told) {
  const bool* changed = told.find("changed") ? told.find("changed")->boolean() : nullptr;
  const bool* wrong = told.find("quarantined") ? told.find("quarantined")->boolean() : nullptr;
  std::string out =
      fmt::format("answer {} is {}{}\n", told.text("answer_id"),
                  wrong && *wrong ? "in quarantine: it is served to nobody" : "served again",
                  changed && *changed ? "" : " (said before, nothing changed)");
  if (const std::size_t served = length(told, "served"); served > 0) {
    out += fmt::format("it answered {} requests of the journal:\n", served);
    for (const Value& row : *told.find("served")->array()) {
      out += fmt::format("  {}  {}  {}\n", row.text("when"), row.text("request_id"),
                         row.text("tier"));
    }
  }
  if (const std::size_t same = length(told, "same_answer"); same > 0) {
    const Value* count = told.find("forgotten");
    const bool forgot = count && count->as_int().value_or(0) > 0;
    out += fmt::format("{} other entries {} the same answer{}\n", same, forgot ? "held" : "hold",
                       forgot ? ": forgotten" : "; --forget-others forgets them:");
    for (const Value& id : *told.find("same_answer")->array()) {
      out += fmt::format("  {}\n", *id.string());
    }
  }
  return out;
}

int feedback(const Session& common, const FeedbackCommand& command) {
  const base::Result<Value> told = tell(common, command);
  if (!told) return report(told.error(), common.json);
  const std::string text = common.json ? json::write(*told) + "\n" : render_told(*told);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace refrain::cli
