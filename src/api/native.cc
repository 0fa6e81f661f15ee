#include "api/native.h"

#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "api/native_engine.h"
#include "api/native_json.h"
#include "api/query.h"
#include "api/status.h"

namespace refrain::api::native {
namespace {

using base::Code;
using base::fail;
using json::Value;

constexpr std::size_t kEntriesMax = 1000;  // of one page
constexpr std::size_t kInsertMax = 10000;  // of one insert
constexpr std::chrono::seconds kInsertDeadline{600};

base::Call call_of(Context& context, std::chrono::seconds limit = std::chrono::seconds(60)) {
  return {context.clock.now() + limit, {}, 0};
}

void reply(const Visit& visit, const Value& body) { reply_json(visit, 200, json::write(body)); }

base::Result<Value> body_of(const Visit& visit) {
  const std::string& text = visit.exchange->request().body;
  if (text.empty()) return Value(json::Object{});
  return json::parse(text);
}

base::Result<> lookup(Context& context, const Visit& visit) {
  TRY(body, body_of(visit));
  TRY(request, read_question(body, context.default_model));
  TRY(controls, key::controls(visit.exchange->request().headers, body, visit.tenant.allowed));
  if (std::string_view user = body.text("user"); !user.empty()) controls.user = user;
  TRY(scope, read_scope(body));
  if (scope && !serve::may_name(visit.tenant, *scope)) {
    return fail(Code::invalid,
                fmt::format("scope '{}' is not allowed to this tenant", key::name(*scope)));
  }
  if (scope) controls.scope = scope;
  serve::Ask ask = ask_of(visit, std::move(request), std::move(controls));
  ask.places = serve::places_of(ask.request, ask.tenant, ask.controls,
                                context.completions.route(ask.request.dialect).key_rules);
  serve::Completions::Lookup found = context.completions.lookup(call_of(context), std::move(ask));
  Value out = write_decision(found.decision);
  if (found.hit) out.set("answer", chat::text(*found.hit->entry->answer));
  reply(visit, out);
  return {};
}

base::Result<std::vector<serve::NewEntry>> entries_of(const Value& body,
                                                      const std::string& default_model) {
  std::vector<serve::NewEntry> entries;
  const Value* list = body.find("entries");
  if (!list) {
    TRY(entry, read_entry(body, default_model));
    entries.push_back(std::move(entry));
    return entries;
  }
  if (!list->is_array() || list->array()->empty() || list->array()->size() > kInsertMax) {
    return fail(Code::invalid, fmt::format("'entries' must be a list of 1 to {}", kInsertMax));
  }
  for (std::size_t i = 0; i < list->array()->size(); ++i) {
    base::Result<serve::NewEntry> entry = read_entry((*list->array())[i], default_model);
    if (!entry) return fail(entry.error().code, fmt::format("entry {}: {}", i, entry.error().what));
    entries.push_back(std::move(*entry));
  }
  return entries;
}

base::Result<> insert(Context& context, const Visit& visit) {
  TRY(body, body_of(visit));
  TRY(entries, entries_of(body, context.default_model));
  TRY(ids,
      context.entries.insert(call_of(context, kInsertDeadline), visit.tenant, std::move(entries)));
  json::Array list;
  for (key::EntryId id : ids) list.push_back(base::hex(id));
  Value out;
  out.set("inserted", Value::of(static_cast<std::uint64_t>(ids.size())));
  out.set("ids", std::move(list));
  reply(visit, out);
  return {};
}

base::Result<> list(Context& context, const Visit& visit) {
  const std::string& query = visit.exchange->request().query;
  store::Scan scan;
  scan.detail = store::Detail::whole;
  scan.filter.everything = true;
  scan.filter.model = query_value(query, "model");
  scan.filter.tag = query_value(query, "tag");
  scan.filter.tenant = query_value(query, "tenant");
  if (std::optional<std::string> limit = query_value(query, "limit")) {
    auto [end, error] = std::from_chars(limit->data(), limit->data() + limit->size(), scan.limit);
    bool whole = error == std::errc{} && end == limit->data() + limit->size();
    if (!whole || scan.limit == 0 || scan.limit > kEntriesMax) {
      return fail(Code::invalid,
                  fmt::format("limit is '{}': 1 to {} is allowed", *limit, kEntriesMax));
    }
  }
  if (std::optional<std::string> after = query_value(query, "after")) {
    std::optional<std::uint64_t> id = base::parse_hex64(*after);
    if (!id) return fail(Code::invalid, fmt::format("after is '{}', no answer id", *after));
    scan.after = *id;
  }
  TRY(page, context.entries.list(call_of(context), visit.tenant, std::move(scan)));
  json::Array entries;
  for (const serve::EntryView& view : page.entries) {
    entries.push_back(write_entry(view, Texts::with));
  }
  Value out;
  out.set("entries", std::move(entries));
  if (page.next) out.set("next", base::hex(*page.next));
  reply(visit, out);
  return {};
}

base::Result<key::EntryId> id_of(std::string_view text) {
  std::optional<std::uint64_t> id = base::parse_hex64(text);
  if (!id) return fail(Code::invalid, fmt::format("'{}' is no answer id (16 hex digits)", text));
  return *id;
}

base::Result<> one_entry(Context& context, const Visit& visit, std::string_view text) {
  TRY(id, id_of(text));
  TRY(view, context.entries.show(call_of(context), visit.tenant, id));
  if (visit.exchange->request().method == "GET") {
    reply(visit, write_entry(view, Texts::with));
    return {};
  }
  store::Filter filter;
  filter.ids = {id};
  TRY(count, context.entries.invalidate(call_of(context), visit.tenant, std::move(filter),
                                        serve::Entries::Run::real));
  Value out;
  out.set("deleted", Value::of(static_cast<std::uint64_t>(count)));
  reply(visit, out);
  return {};
}

base::Result<> invalidate(Context& context, const Visit& visit) {
  TRY(body, body_of(visit));
  TRY(filter, read_filter(body, context.clock.wall()));
  const Value* dry = body.find("dry_run");
  bool is_dry = dry && dry->boolean() && *dry->boolean();
  auto run = is_dry ? serve::Entries::Run::dry : serve::Entries::Run::real;
  TRY(count, context.entries.invalidate(call_of(context, kInsertDeadline), visit.tenant,
                                        std::move(filter), run));
  Value out;
  out.set(is_dry ? "would_delete" : "deleted", Value::of(static_cast<std::uint64_t>(count)));
  out.set("dry_run", is_dry);
  reply(visit, out);
  return {};
}

base::Result<> feedback(Context& context, const Visit& visit) {
  if (!context.feedback) return fail(Code::unsupported, "this server takes no feedback");
  if (visit.exchange->request().method != "POST") {
    reply(visit, write_labels(context.feedback->labels(visit.tenant)));
    return {};
  }
  TRY(body, body_of(visit));
  TRY(report, read_report(body));
  TRY(told, context.feedback->tell(call_of(context), visit.tenant, report));
  reply(visit, write_told(told));
  return {};
}

json::Array write_decisions(const std::vector<serve::Decision>& decisions, std::string_view own) {
  json::Array list;
  for (const serve::Decision& decision : decisions) {
    if (own.empty() || decision.tenant == own) list.push_back(write_decision(decision));
  }
  return list;
}

// By request id: that decision. By answer id: the entry, the decision that made it, and those in
// which it was served and refused.
base::Result<> explain(Context& context, const Visit& visit, const std::string& id) {
  std::string own = visit.tenant.admin ? "" : visit.tenant.id;
  if (id == "last") {
    json::Array list;
    for (const auto& decision : context.journal.last(own, 20))
      list.push_back(write_decision(decision));
    Value out;
    out.set("decisions", std::move(list));
    reply(visit, out);
    return {};
  }
  std::optional<serve::Decision> decision = context.journal.find(id);
  if (decision && (own.empty() || decision->tenant == own)) {
    reply(visit, write_decision(*decision));
    return {};
  }
  if (!base::parse_hex64(id)) {
    return fail(Code::not_found, fmt::format("no decision {} in the journal, which holds the last "
                                             "ones only",
                                             id));
  }
  TRY(entry, id_of(id));
  TRY(view, context.entries.show(call_of(context), visit.tenant, entry));
  Value out;
  out.set("entry", write_entry(view, Texts::with));
  if (std::optional<serve::Decision> made = context.journal.made(entry)) {
    out.set("made_by", write_decision(*made));
  }
  out.set("served", write_decisions(context.journal.served_from(entry, 20), own));
  out.set("refused", write_decisions(context.journal.refused(entry, 20), own));
  reply(visit, out);
  return {};
}

base::Result<> route(Context& context, const Visit& visit) {
  const net::Request& http = visit.exchange->request();
  std::string path = http.path.substr(std::string_view("/refrain/v1").size());
  bool post = http.method == "POST";
  if (path == "/lookup" && post) return lookup(context, visit);
  if (path == "/entries") return post ? insert(context, visit) : list(context, visit);
  if (path.starts_with("/entries/")) return one_entry(context, visit, path.substr(9));
  if (path == "/invalidate" && post) return invalidate(context, visit);
  if (path.starts_with("/explain/")) return explain(context, visit, path.substr(9));
  if (path == "/feedback") return feedback(context, visit);
  if (path == "/stats") {
    reply(visit, write_stats(context, visit.tenant.admin ? "" : visit.tenant.id));
    return {};
  }
  constexpr std::string_view kEngine = "/engine";
  if (path.starts_with(kEngine)) {
    TRY(answer, engine_request(*context.prompt_kv, visit.tenant, path.substr(kEngine.size())));
    reply(visit, answer);
    return {};
  }
  return fail(Code::not_found, fmt::format("no route {} {}", http.method, http.path));
}

}  // namespace

std::string error_body(const base::Error& error) {
  Value inner;
  inner.set("message", error.what);
  inner.set("code", base::name(error.code));
  Value out;
  out.set("error", std::move(inner));
  return json::write(out);
}

void refuse(const Visit& visit, int status, const base::Error& error) {
  reply_json(visit, status, error_body(error));
}

void handle(Context& context, const Visit& visit) {
  base::Result<> done = route(context, visit);
  if (done) return;
  // Behind the other doors io is the upstream's wire, behind this one it is our own disk.
  bool writes = visit.exchange->request().method != "GET";
  bool disk = done.error().code == Code::io;
  int status = disk ? writes ? 507 : 500 : http_status(done.error().code);
  refuse(visit, status, done.error());
}

}  // namespace refrain::api::native
