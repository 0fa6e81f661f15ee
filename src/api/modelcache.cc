#include "api/modelcache.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "api/query.h"

namespace refrain::api {

namespace mc = wire::modelcache;
using answers::Failure;
using answers::Stage;

namespace {

constexpr std::size_t kIdsShown = 64;  // in a header: clients bound their heads
constexpr std::size_t kRowsMax = 1000;

ModelcacheDoor::Reply of_fault(const mc::Fault& fault) {
  return {.status = mc::http_status(fault.code), .body = mc::render_fault(fault)};
}

// Speed fails open elsewhere; here the protocol has codes for who failed.
int query_code(Stage stage) {
  return stage == Stage::embedder ? mc::code::kQueryEmbedder : mc::code::kQueryStore;
}
int insert_code(Stage stage) {
  if (stage == Stage::embedder) return mc::code::kInsertEmbedder;
  return stage == Stage::store ? mc::code::kInsertStore : mc::code::kInsertOther;
}

std::string turns_json(const chat::Conversation& turns) {
  json::Array list;
  for (const chat::Turn& turn : turns) {
    json::Object members = {{"role", turn.role}, {"content", turn.content}};
    members.insert(members.end(), turn.more.begin(), turn.more.end());
    list.emplace_back(std::move(members));
  }
  return json::write(json::Value(std::move(list)));
}

std::string plain(const json::Value& value) {
  return value.is_string() ? *value.string() : json::write(value);
}

}  // namespace

struct ModelcacheDoor::Job {
  Asker asker;
  Request request;
  answers::Collection collection;
  std::optional<answers::Question> question;  // of a query
  Done done;
};

base::Result<> ModelcacheDoor::Options::check() const {
  if (workers == 0 || workers > 1024) {
    return base::fail(base::Code::invalid, fmt::format("workers {} is not 1 to 1024", workers));
  }
  if (query_deadline.count() <= 0 || insert_deadline.count() <= 0) {
    return base::fail(base::Code::invalid, "a deadline is not positive");
  }
  return {};
}

ModelcacheDoor::ModelcacheDoor(Options options, answers::Service& service, answers::Ledger& ledger,
                               base::Clock& clock)
    : options_(std::move(options)),
      service_(service),
      ledger_(ledger),
      clock_(clock),
      workers_({.name = "answers", .threads = options_.workers, .queue_max = options_.queue_max}) {
  for (const std::string& model : options_.refused) refused_.push_back(mc::folded(model));
}

bool ModelcacheDoor::refuses(const std::string& model) const {
  return std::ranges::find(refused_, mc::folded(model)) != refused_.end();
}

answers::Collection ModelcacheDoor::collection_of(const Asker& asker,
                                                  const Request& request) const {
  return {asker.tenant, options_.folds_names ? mc::folded(request.model) : request.model};
}

double ModelcacheDoor::seconds_since(base::Instant received) const {
  return base::milliseconds_between(received, clock_.now()) / 1000;
}

void ModelcacheDoor::note(const Asker& asker, const Request* request, const Fault& fault,
                          const answers::Matches& matches) {
  answers::LogRow row;
  row.when = clock_.wall();
  row.collection.tenant = asker.tenant;
  row.error_code = fault.code;
  row.error_desc = fault.what;
  row.hit = !matches.empty();
  row.seconds = seconds_since(asker.received);
  if (request != nullptr) {
    row.collection = collection_of(asker, *request);
    row.query = turns_json(request->query);
  }
  if (row.hit) {
    row.hit_query = plain(matches.front().question);
    row.answer = matches.front().answer;
  }
  ledger_.log(std::move(row));
}

void ModelcacheDoor::answer(const Asker& asker, std::expected<Request, Fault> request, Done done) {
  if (!asker.certain) {
    return done(of_fault({mc::code::kUnknown,
                          "whose answers these would be is not known: an API "
                          "key is wanted"}));
  }
  if (!request) {
    if (request.error().code == mc::code::kType) note(asker, nullptr, request.error(), {});
    return done(of_fault(request.error()));
  }
  const bool query = request->kind == mc::Kind::query;
  if ((query || request->kind == mc::Kind::insert) && refuses(request->model)) {
    const Fault fault{query ? mc::code::kQueryRefused : mc::code::kInsertRefused,
                      fmt::format("model '{}' is refused by a setting", request->model)};
    if (query) note(asker, &*request, fault, {});
    return done(of_fault(fault));
  }
  auto job = std::make_shared<Job>(Job{asker, std::move(*request), {}, {}, std::move(done)});
  job->collection = collection_of(asker, job->request);
  if (query) {
    job->question = service_.question(job->collection, job->request.query);
    if (std::optional<answers::Matches> hit = service_.find_now(*job->question)) {
      note(asker, &job->request, {}, *hit);
      return job->done(matched(asker, std::move(*hit)));
    }
  }
  if (base::Result<> queued = workers_.submit([this, job] { work(*job); }); !queued) {
    job->done(of_fault({mc::code::kInternal, queued.error().what}));
  }
}

void ModelcacheDoor::work(Job& job) {
  switch (job.request.kind) {
    case mc::Kind::query: return job.done(query(job));
    case mc::Kind::insert: return job.done(insert(job));
    case mc::Kind::remove: return job.done(remove(job));
    case mc::Kind::register_model: break;
  }
  const auto state = service_.register_model(job.collection);
  if (!state) return job.done(of_fault({mc::code::kRegister, state.error().error.what}));
  const bool created = *state == answers::Ledger::Registered::created;
  job.done({.body = mc::render_registered(created ? mc::Registered::created
                                                  : mc::Registered::was_there)});
}

ModelcacheDoor::Reply ModelcacheDoor::query(const Job& job) {
  // What waited in the queue counts: a late answer helps nobody.
  const base::Call call{job.asker.received + options_.query_deadline, {}, 0};
  answers::Outcome<answers::Matches> found = service_.find(call, *job.question);
  if (!found) {
    const Fault fault{query_code(found.error().stage), found.error().error.what};
    note(job.asker, &job.request, fault, {});
    return of_fault(fault);
  }
  note(job.asker, &job.request, {}, *found);
  return matched(job.asker, std::move(*found));
}

ModelcacheDoor::Reply ModelcacheDoor::matched(const Asker& asker, answers::Matches matches) const {
  Reply reply;
  reply.queried = true;
  reply.hit = !matches.empty();
  if (reply.hit) reply.similarity = matches.front().similarity;
  mc::Reply out;
  out.hit = reply.hit;
  out.as_list = service_.as_list();
  out.seconds = seconds_since(asker.received);
  for (answers::Match& match : matches) {
    reply.ids.push_back(match.id);
    out.questions.push_back(std::move(match.question));
    out.answers.push_back(std::move(match.answer));
  }
  reply.body = mc::render_query(out);
  return reply;
}

ModelcacheDoor::Reply ModelcacheDoor::insert(Job& job) {
  std::vector<answers::Entry> entries;
  entries.reserve(job.request.answers.size());
  for (mc::NewAnswer& given : job.request.answers) {
    entries.push_back({service_.question(job.collection, given.query), std::move(given.answer)});
  }
  auto ids =
      service_.insert(call_within(options_.insert_deadline), job.collection, std::move(entries));
  if (!ids) return of_fault({insert_code(ids.error().stage), ids.error().error.what});
  return {.body = mc::render_inserted(), .ids = std::move(*ids)};
}

ModelcacheDoor::Reply ModelcacheDoor::remove(Job& job) {
  const base::Call call = call_within(options_.insert_deadline);
  const bool all = job.request.remove_type == "truncate_by_model";
  const answers::Outcome<std::size_t> count =
      all ? service_.truncate(call, job.collection)
          : service_.erase(call, job.collection, std::move(job.request.ids));
  if (!count) return of_fault({mc::code::kRemoveStore, count.error().error.what});
  return {.body = all ? mc::render_truncated(*count) : mc::render_deleted(*count)};
}

void ModelcacheDoor::handle(const Visit& visit) {
  const net::Request& http = visit.exchange->request();
  if (http.path == "/welcome") {
    return visit.exchange->reply(
        {200, {{"content-type", "text/plain; charset=utf-8"}}, "hello, modelcache!"});
  }
  const Asker asker{visit.tenant.id, visit.certain, http.received};
  answer(asker, mc::read_request(http.body), [visit](Reply reply) {
    net::Headers headers = {{"content-type", "application/json"},
                            {"x-refrain-request-id", visit.id}};
    if (reply.queried) headers.emplace_back("x-refrain-cache", reply.hit ? "hit" : "miss");
    if (reply.hit)
      headers.emplace_back("x-refrain-similarity", fmt::format("{:.6g}", reply.similarity));
    if (!reply.ids.empty() && reply.ids.size() <= kIdsShown) {
      std::string ids;
      for (key::EntryId id : reply.ids) ids += (ids.empty() ? "" : ", ") + base::hex(id);
      headers.emplace_back("x-refrain-answer-id", std::move(ids));
    }
    visit.exchange->reply({reply.status, std::move(headers), std::move(reply.body)});
  });
}

namespace {

json::Value report_json(const answers::Report& report, const answers::Ledger::Stats& log) {
  auto mean = [](double total, std::uint64_t count) {
    return json::Value::of(count == 0 ? 0 : total / static_cast<double>(count));
  };
  json::Value out;
  out.set("queries", json::Value::of(report.queries));
  out.set("hits", json::Value::of(report.hits));
  out.set("exact_hits", json::Value::of(report.exact_hits));
  out.set("inserted", json::Value::of(report.inserted));
  out.set("removed", json::Value::of(report.removed));
  out.set("errors", json::Value::of(report.errors));
  out.set("embedded", json::Value::of(report.embeds));
  out.set("average_embedding_ms", mean(report.embed_ms, report.embeds));
  out.set("searched", json::Value::of(report.searches));
  out.set("average_search_ms", mean(report.search_ms, report.searches));
  out.set("logged", json::Value::of(log.logged));
  out.set("log_dropped", json::Value::of(log.dropped + log.failed));
  return out;
}

json::Value row_json(const answers::LogRow& row) {
  json::Value out;
  out.set("id", json::Value::of(row.id));
  out.set("when", base::rfc3339(row.when));
  out.set("tenant", row.collection.tenant);
  out.set("model", row.collection.model);
  out.set("error_code", json::Value::of(static_cast<std::int64_t>(row.error_code)));
  out.set("error_desc", row.error_desc);
  out.set("cache_hit", row.hit);
  out.set("query", row.query);
  out.set("delta_time", json::Value::of(row.seconds));
  out.set("hit_query", row.hit_query);
  out.set("answer", row.answer);
  return out;
}

}  // namespace

void ModelcacheDoor::show(const Visit& visit) {
  const net::Request& http = visit.exchange->request();
  if (http.path.ends_with("/report")) {
    return reply_json(visit, 200, json::write(report_json(service_.report(), ledger_.stats())));
  }
  const std::string own =
      visit.tenant.admin ? query_value(http.query, "tenant").value_or("") : visit.tenant.id;
  const std::string text = query_value(http.query, "limit").value_or("100");
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size() || limit == 0 || limit > kRowsMax) {
    return reply_json(
        visit, 400,
        json::write(json::Object{{"error", fmt::format("limit is 1 to {}", kRowsMax)}}));
  }
  const auto rows = ledger_.rows({own, query_value(http.query, "model").value_or("")}, limit);
  if (!rows) return reply_json(visit, 500, json::write(json::Object{{"error", rows.error().what}}));
  json::Array list;
  for (const answers::LogRow& row : *rows) list.push_back(row_json(row));
  reply_json(visit, 200, json::write(json::Object{{"rows", std::move(list)}}));
}

}  // namespace refrain::api
