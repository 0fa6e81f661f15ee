#include "api/native_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "api/trust_report.h"
#include "wire/openai.h"

namespace refrain::api::native {
namespace {

using base::Code;
using base::fail;
using json::Value;

base::Result<std::string> required_text(const Value& body, std::string_view name) {
  const Value* member = body.find(name);
  if (!member || !member->is_string() || member->string()->empty()) {
    return fail(Code::invalid, fmt::format("'{}' must be a text that is not empty", name));
  }
  return *member->string();
}

base::Result<std::string> optional_text(const Value& body, std::string_view name) {
  const Value* member = body.find(name);
  if (!member || member->is_null()) return std::string();
  if (!member->is_string()) {
    return fail(Code::invalid, fmt::format("'{}' must be a string, not {}", name, member->kind()));
  }
  return *member->string();
}

base::Result<std::optional<std::int64_t>> optional_seconds(const Value& body,
                                                           std::string_view name) {
  const Value* member = body.find(name);
  if (!member || member->is_null()) return std::nullopt;
  std::optional<std::int64_t> seconds = member->as_int();
  if (!seconds || *seconds < 0) {
    return fail(Code::invalid, fmt::format("'{}' must be a whole number of seconds", name));
  }
  return seconds;
}

base::Result<std::vector<std::string>> texts(const Value& body, std::string_view name) {
  std::vector<std::string> out;
  const Value* member = body.find(name);
  if (!member || member->is_null()) return out;
  if (!member->is_array()) return fail(Code::invalid, fmt::format("'{}' must be a list", name));
  for (const Value& item : *member->array()) {
    if (!item.is_string()) {
      return fail(Code::invalid, fmt::format("'{}' must hold strings only", name));
    }
    out.push_back(*item.string());
  }
  return out;
}

Value message(std::string_view role, std::string content) {
  Value out;
  out.set("role", role);
  out.set("content", std::move(content));
  return out;
}

base::Result<chat::Request> request_of(const Value& body) {
  TRY(word, optional_text(body, "dialect"));
  std::optional<chat::Dialect> dialect =
      word.empty() ? chat::Dialect::openai_chat : chat::parse_dialect(word);
  bool known = dialect == chat::Dialect::openai_chat || dialect == chat::Dialect::openai_completion;
  if (!known) {
    return fail(
        Code::invalid,
        fmt::format("'dialect' is '{}': openai.chat or openai.completions is allowed", word));
  }
  return wire::openai::read_request(*dialect, json::write(*body.find("request")), {});
}

base::Result<chat::Answer> answer_of(const Value& body, chat::Dialect dialect) {
  if (const Value* response = body.find("response"); response && response->is_object()) {
    chat::Origin origin = dialect == chat::Dialect::openai_chat ? chat::Origin::openai_chat
                                                                : chat::Origin::openai_completion;
    TRY(reply, wire::openai::read_reply(origin, json::write(*response)));
    if (!std::holds_alternative<chat::Answer>(reply)) {
      return fail(Code::invalid, "'response' is an error object");
    }
    return std::get<chat::Answer>(std::move(reply));
  }
  TRY(text, required_text(body, "answer"));
  auto event = std::make_shared<chat::Event>();
  chat::ChoiceDelta& choice = event->choices.emplace_back();
  if (dialect == chat::Dialect::openai_chat) choice.role = "assistant";
  choice.content = std::move(text);
  choice.finish = "stop";
  TRY(model, optional_text(body, "model"));
  if (!model.empty()) event->head.push_back({"model", model});
  chat::Answer answer;
  answer.origin = dialect == chat::Dialect::openai_chat ? chat::Origin::openai_chat
                                                        : chat::Origin::openai_completion;
  answer.events.push_back(std::move(event));
  return answer;
}

// Six digits: a cosine is computed in floats, and 0.85 should read 0.85.
Value rounded(float value) { return Value::of(std::round(static_cast<double>(value) * 1e6) / 1e6); }

bool says_nothing(const store::Filter& filter) {
  return !filter.everything && filter.ids.empty() && !filter.tenant && !filter.user &&
         !filter.model && !filter.tag && !filter.dialect && !filter.scope &&
         !filter.stored_before && !filter.stored_after && !filter.text_prefix;
}

}  // namespace

base::Result<std::optional<key::ScopeKind>> read_scope(const Value& body) {
  TRY(word, optional_text(body, "scope"));
  if (word.empty()) return std::nullopt;
  std::optional<key::ScopeKind> scope = key::parse_scope(word);
  if (!scope) {
    return fail(Code::invalid,
                fmt::format("'scope' is '{}': user, tenant or global is allowed", word));
  }
  return scope;
}

base::Result<chat::Request> read_question(const Value& body, const std::string& default_model) {
  if (!body.is_object()) return fail(Code::invalid, "the body must be a JSON object");
  if (const Value* request = body.find("request"); request && request->is_object()) {
    return request_of(body);
  }
  TRY(question, required_text(body, "question"));
  TRY(system, optional_text(body, "system"));
  TRY(model, optional_text(body, "model"));
  json::Array messages;
  if (!system.empty()) messages.push_back(message("system", system));
  messages.push_back(message("user", question));
  Value chat;
  chat.set("model", model.empty() ? default_model : model);
  chat.set("messages", std::move(messages));
  return wire::openai::read_request(chat::Dialect::openai_chat, json::write(chat), {});
}

base::Result<serve::NewEntry> read_entry(const Value& body, const std::string& default_model) {
  serve::NewEntry entry;
  TRY(request, read_question(body, default_model));
  entry.request = std::move(request);
  TRY(answer, answer_of(body, entry.request.dialect));
  entry.answer = std::move(answer);
  TRY(tags, texts(body, "tags"));
  entry.tags = std::move(tags);
  TRY(ttl, optional_seconds(body, "ttl"));
  if (ttl) entry.ttl = std::chrono::seconds(*ttl);
  TRY(scope, read_scope(body));
  entry.scope = scope;
  TRY(user, optional_text(body, "user"));
  entry.user = std::move(user);
  return entry;
}

base::Result<store::Filter> read_filter(const Value& body, base::WallTime now) {
  if (!body.is_object()) return fail(Code::invalid, "the body must be a JSON object");
  static constexpr std::array<std::string_view, 11> kKnown = {
      "ids",     "model",      "tag",    "scope", "user",   "tenant",
      "dialect", "older_than", "prefix", "all",   "dry_run"};
  for (const json::Member& member : *body.object()) {
    if (std::ranges::find(kKnown, member.name) == kKnown.end()) {
      return fail(Code::invalid, fmt::format("'{}' is unknown; known are {}", member.name,
                                             fmt::join(kKnown, ", ")));
    }
  }
  store::Filter filter;
  TRY(ids, texts(body, "ids"));
  for (const std::string& text : ids) {
    std::optional<std::uint64_t> id = base::parse_hex64(text);
    if (!id) return fail(Code::invalid, fmt::format("'{}' is no answer id (16 hex digits)", text));
    filter.ids.push_back(*id);
  }
  auto set = [](std::optional<std::string>& slot, std::string text) {
    if (!text.empty()) slot = std::move(text);
  };
  TRY(model, optional_text(body, "model"));
  set(filter.model, model);
  TRY(tag, optional_text(body, "tag"));
  set(filter.tag, tag);
  TRY(user, optional_text(body, "user"));
  set(filter.user, user);
  TRY(tenant, optional_text(body, "tenant"));
  set(filter.tenant, tenant);
  TRY(dialect, optional_text(body, "dialect"));
  set(filter.dialect, dialect);
  TRY(prefix, optional_text(body, "prefix"));
  set(filter.text_prefix, prefix);
  TRY(scope, read_scope(body));
  filter.scope = scope;
  TRY(age, optional_seconds(body, "older_than"));
  if (age) filter.stored_before = now - std::chrono::seconds(*age);
  const Value* all = body.find("all");
  filter.everything = all && all->boolean() && *all->boolean();
  if (says_nothing(filter)) {
    return fail(Code::invalid,
                "say what to match: ids, model, tag, scope, user, tenant, dialect, older_than, "
                "prefix, or \"all\": true");
  }
  return filter;
}

Value write_entry(const serve::EntryView& view, Texts with) {
  const store::Record& record = view.record;
  Value out;
  out.set("id", base::hex(record.id));
  out.set("tenant", record.tenant);
  out.set("scope", key::name(record.scope));
  if (!record.user.empty()) out.set("user", record.user);
  out.set("model", record.model);
  out.set("dialect", record.dialect);
  json::Array tags(record.tags.begin(), record.tags.end());
  out.set("tags", std::move(tags));
  out.set("stored", base::rfc3339(record.stored));
  out.set("used", base::rfc3339(record.used));
  if (record.expires) out.set("expires", base::rfc3339(*record.expires));
  out.set("hits", Value::of(record.hits));
  out.set("semantic", !record.embedder.empty());
  if (view.quarantined) out.set("quarantined", true);
  if (with == Texts::with) {
    out.set("question", view.question);
    out.set("answer", view.answer);
  }
  return out;
}

base::Result<serve::Report> read_report(const Value& body) {
  if (!body.is_object()) return fail(Code::invalid, "the body must be a JSON object");
  serve::Report out;
  TRY(id, required_text(body, "id"));
  out.id = std::move(id);
  TRY(verdict, required_text(body, "verdict"));
  if (verdict != "wrong" && verdict != "right") {
    return fail(Code::invalid,
                fmt::format("'verdict' is '{}': wrong or right is allowed", verdict));
  }
  out.verdict = verdict == "wrong" ? trust::Verdict::wrong : trust::Verdict::right;
  const Value* forget = body.find("forget_others");
  if (forget && !forget->is_null() && !forget->boolean()) {
    return fail(Code::invalid, "'forget_others' must be true or false");
  }
  const bool forgets = forget && forget->boolean() && *forget->boolean();
  out.others = forgets ? serve::Others::forget : serve::Others::keep;
  return out;
}

Value write_told(const serve::Told& told) {
  const bool wrong = told.verdict == trust::Verdict::wrong;
  Value out;
  out.set("answer_id", base::hex(told.answer));
  out.set("verdict", wrong ? "wrong" : "right");
  out.set("changed", told.changed);
  out.set("quarantined", wrong);
  out.set("learnt", Value::of(static_cast<std::uint64_t>(told.learnt)));
  json::Array served;
  for (const serve::Decision& decision : told.served) {
    Value row;
    row.set("request_id", decision.request_id);
    row.set("when", base::rfc3339(decision.when));
    row.set("tier", decision.tier);
    row.set("similarity", rounded(decision.similarity));
    served.push_back(std::move(row));
  }
  out.set("served", std::move(served));
  json::Array same;
  for (const key::EntryId id : told.same_answer) same.push_back(base::hex(id));
  out.set("same_answer", std::move(same));
  out.set("forgotten", Value::of(static_cast<std::uint64_t>(told.forgotten)));
  return out;
}

Value write_labels(const std::vector<serve::Feedback::Labelled>& labels) {
  json::Array list;
  for (const serve::Feedback::Labelled& label : labels) {
    Value row;
    row.set("answer_id", base::hex(label.spoken.id));
    row.set("request_id", label.decision.request_id);
    row.set("verdict", label.spoken.verdict == trust::Verdict::wrong ? "wrong" : "right");
    row.set("judgement", write_judgement(*label.decision.judgement));
    list.push_back(std::move(row));
  }
  Value out;
  out.set("labels", std::move(list));
  return out;
}

Value write_reuse(const chat::Reuse& reuse) {
  Value out;
  out.set("rung", reuse.rung);
  out.set("reused_tokens", Value::of(static_cast<std::uint64_t>(reuse.reused_tokens)));
  out.set("prefilled_tokens", Value::of(static_cast<std::uint64_t>(reuse.prefilled_tokens)));
  if (!reuse.entry.empty()) out.set("entry", reuse.entry);
  out.set("reasons", json::Array(reuse.reasons.begin(), reuse.reasons.end()));
  return out;
}

Value write_decision(const serve::Decision& decision) {
  Value out;
  out.set("request_id", decision.request_id);
  out.set("when", base::rfc3339(decision.when));
  out.set("tenant", decision.tenant);
  out.set("dialect", decision.dialect);
  out.set("model", decision.model);
  out.set("outcome", decision.outcome);
  if (!decision.tier.empty()) out.set("tier", decision.tier);
  if (decision.answer_id != 0) out.set("answer_id", base::hex(decision.answer_id));
  if (!decision.tier.empty()) out.set("similarity", rounded(decision.similarity));
  out.set("mode", decision.mode);
  out.set("floor", rounded(decision.floor));
  out.set("notes", json::Array(decision.controls.begin(), decision.controls.end()));
  json::Array candidates;
  for (const serve::Weighed& weighed : decision.candidates) {
    Value row;
    row.set("answer_id", base::hex(weighed.id));
    row.set("cosine", rounded(weighed.cosine));
    row.set("accepted", weighed.accepted);
    row.set("reasons", json::Array(weighed.reasons.begin(), weighed.reasons.end()));
    candidates.push_back(std::move(row));
  }
  out.set("candidates", std::move(candidates));
  out.set("embed_ms", Value::of(decision.embed_ms));
  out.set("search_ms", Value::of(decision.search_ms));
  out.set("total_ms", Value::of(decision.total_ms));
  if (decision.judgement) out.set("judgement", write_judgement(*decision.judgement));
  if (decision.stored_as != 0) out.set("stored_as", base::hex(decision.stored_as));
  if (decision.reuse) out.set("reuse", write_reuse(*decision.reuse));
  return out;
}

}  // namespace refrain::api::native
