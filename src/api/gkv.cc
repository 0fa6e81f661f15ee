#include "api/gkv.h"

#include <utility>

#include "api/reply.h"
#include "api/status.h"
#include "base/file.h"
#include "base/log.h"
#include "wire/gkv.h"
#include "wire/tgi.h"

namespace refrain::api::gkv {
namespace {

class GkvVoice final : public Voice {
 public:
  std::string whole(const chat::Answer& answer, const chat::Head& head,
                    serve::Outcome outcome) override {
    std::optional<wire::gkv::Hit> hit;
    if (outcome == serve::Outcome::hit) {
      hit = wire::gkv::Hit{static_cast<double>(head.similarity), head.source};
    }
    return wire::gkv::render_reply(answer, hit);
  }
  // GKV knows no streams: the three below are never asked for.
  void begin(const chat::Head&) override {}
  void event(const chat::Event&, std::string&) override {}
  void end(std::string&) override {}
  void broken(const base::Error&, std::string_view, std::string&) override {}
  std::string error(const base::Error& error, int status) override {
    return wire::gkv::error_body(error.what, status);
  }
};

void refuse(const Visit& visit, int status, const std::string& sentence) {
  reply_json(visit, status, wire::gkv::error_body(sentence, status));
}

// The user's own scope, the scope in common, or both in the order of preference. "global" is
// common to the users of one tenant: tenants never share.
std::vector<cache::Place> places(const wire::gkv::Request& input, const key::Tenant& tenant,
                                 const key::Rules& rules) {
  using Strategy = wire::gkv::Strategy;
  std::vector<cache::Place> places;
  auto add = [&](key::Scope scope, const char* label) {
    key::Identity identity = key::identify(input.chat, scope, rules);
    places.push_back({std::move(scope), std::move(identity), label});
  };
  if (input.strategy == Strategy::no_cache) return places;
  if (input.strategy != Strategy::global_only) {
    add({key::ScopeKind::user, tenant.id, input.user_id}, "user");
  }
  if (input.strategy != Strategy::per_user) add({key::ScopeKind::tenant, tenant.id, ""}, "global");
  return places;
}

void log_request(const Visit& visit, const serve::Row& row, serve::Outcome outcome) {
  base::log::info("gkv request",
                  {{"id", visit.id},
                   {"strategy", row.strategy},
                   {"cache", outcome == serve::Outcome::hit ? "HIT" : "MISS"},
                   {"outcome", std::string(serve::name(outcome))},
                   {"similarity", row.similarity},
                   {"source", row.source},
                   {"ms", row.processing_ms}});
}

serve::Row row_of(const Visit& visit, const wire::gkv::Request& input) {
  serve::Row row;
  row.request_id = visit.id;
  row.prompt = input.chat.text;
  row.user_id = input.user_id;
  row.strategy = wire::gkv::name(input.strategy);
  return row;
}

// Unicode characters, not bytes.
std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  return count;
}

ReplyPlan plan_of(Context& context, const Visit& visit, const wire::gkv::Request& input) {
  ReplyPlan plan;
  plan.request_id = visit.id;
  plan.voice = std::make_unique<GkvVoice>();
  base::Instant received = visit.exchange->request().received;
  plan.done = [&context, visit, row = row_of(visit, input), received](
                  const chat::Head& head, serve::Outcome outcome,
                  const chat::Answer* answer) mutable {
    row.hit = outcome == serve::Outcome::hit;
    row.source = head.source;
    row.similarity = static_cast<double>(head.similarity);
    row.embedding_ms = head.embed_ms;
    row.search_ms = head.search_ms;
    row.processing_ms = base::milliseconds_between(received, context.clock.now());
    if (answer) row.response_characters = characters(chat::text(*answer));
    log_request(visit, row, outcome);
    context.collector.add(row);
  };
  return plan;
}

void send_file(const Visit& visit, const std::string& path) {
  base::Result<std::string> bytes = base::read_file(path);
  if (!bytes) return refuse(visit, 404, "the file cannot be read");
  std::string name = path.substr(path.rfind('/') + 1);
  bool csv = name.ends_with(".csv");
  net::Headers headers = {{"content-type", csv ? "text/csv" : "application/json"},
                          {"content-disposition", "attachment; filename=\"" + name + "\""}};
  visit.exchange->reply({200, std::move(headers), std::move(*bytes)});
}

// Bodies are legacy to the letter ({"error": sentence} alone); the status is the true one.
void fail_data(const Visit& visit, const base::Error& error) {
  json::Value body;
  body.set("error", error.what);
  reply_json(visit, http_status(error.code), json::write(body));
}

void start(Context& context, const Visit& visit) {
  std::string folder;
  const std::string& text = visit.exchange->request().body;
  if (!text.empty()) {
    base::Result<json::Value> body = json::parse(text);
    if (!body) return fail_data(visit, body.error());
    if (!body->is_object()) {
      return fail_data(visit, {base::Code::invalid, "the body must be a JSON object, or empty"});
    }
    const json::Value* wanted = body->find("output_dir");
    if (wanted && !wanted->is_string() && !wanted->is_null()) {
      return fail_data(visit, {base::Code::invalid, "'output_dir' must be a string"});
    }
    folder = body->text("output_dir");
  }
  base::Result<serve::Collector::Started> started = context.collector.start(folder);
  if (!started) return fail_data(visit, started.error());
  json::Value body;
  body.set("status", "Running");
  body.set("benchmark_id", started->batch_id);
  reply_json(visit, 200, json::write(body));
}

void stop(Context& context, const Visit& visit) {
  base::Result<serve::Collector::Stopped> stopped = context.collector.stop();
  if (!stopped) return fail_data(visit, stopped.error());
  json::Value body;
  body.set("status", "Stopped");
  body.set("duration_seconds", json::Value::of(stopped->seconds));
  body.set("csv_file", stopped->csv_file);
  reply_json(visit, 200, json::write(body));
}

}  // namespace

void generate(Context& context, const Visit& visit) {
  const net::Request& http = visit.exchange->request();
  auto read = wire::gkv::read_request(http.body, http.headers);
  if (!read) return refuse(visit, http_status(read.error().code), read.error().what);
  if (std::holds_alternative<wire::gkv::MissingUser>(*read)) {
    return reply_json(visit, 400, std::string(wire::gkv::missing_user_body()));
  }
  auto& input = std::get<wire::gkv::Request>(*read);
  if (!input.known) {
    base::log::warn("unknown cache_strategy, global_user is used", {{"id", visit.id}});
  }
  base::Result<key::Controls> controls =
      key::controls(http.headers, input.chat.body, visit.tenant.allowed);
  if (!controls) return refuse(visit, http_status(controls.error().code), controls.error().what);
  if (input.strategy == wire::gkv::Strategy::no_cache) {
    controls->read = false;
    controls->store = false;
    controls->reasons.push_back("cache_strategy: no_cache");
  }
  ReplyPlan plan = plan_of(context, visit, input);
  const key::Rules& rules = context.completions.route(chat::Dialect::gkv).key_rules;
  std::vector<cache::Place> where = places(input, visit.tenant, rules);
  serve::Ask ask = ask_of(visit, std::move(input.chat), std::move(*controls));
  ask.places = std::move(where);
  answer(visit.exchange, context.completions.ask(std::move(ask)), std::move(plan), context.clock);
}

void data(Context& context, const Visit& visit) {
  const std::string& path = visit.exchange->request().path;
  if (path == "/data/start") return start(context, visit);
  if (path == "/data/stop") return stop(context, visit);
  constexpr std::string_view kFiles = "/data/files/";
  base::Result<std::string> file = path == "/data/csv"
                                       ? context.collector.csv()
                                       : context.collector.file(path.substr(kFiles.size()));
  if (!file) return fail_data(visit, file.error());
  send_file(visit, *file);
}

}  // namespace refrain::api::gkv
