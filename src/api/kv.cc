#include "api/kv.h"

#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "api/intake.h"
#include "api/native.h"
#include "api/promptkv.h"
#include "api/query.h"
#include "api/status.h"

namespace refrain::api {
namespace {

using base::Code;
using base::fail;
using base::Result;
using json::Value;

constexpr std::string_view kRoot = "/refrain/v1/kv";
constexpr std::chrono::seconds kLimit{600};
constexpr std::uint64_t kPageMax = 1000;
constexpr std::uint64_t kSecondsMax = 100 * 365 * 24 * 3600ULL;

Result<std::optional<std::uint64_t>> count_of(std::string_view query, std::string_view name,
                                              std::uint64_t most) {
  const std::optional<std::string> text = query_value(query, name);
  if (!text) return std::optional<std::uint64_t>();
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error != std::errc{} || end != text->data() + text->size() || out == 0 || out > most) {
    return fail(Code::invalid, fmt::format("{} is '{}': 1 to {} is allowed", name, *text, most));
  }
  return std::optional(out);
}

Value number(std::uint64_t value) { return Value::of(value); }

Value describe(const kv::Description& facts) {
  Value out;
  out.set("name", facts.name);
  out.set("version", number(facts.version));
  out.set("id", number(facts.id));
  out.set("model", facts.model);
  out.set("fingerprint", base::hex(facts.fingerprint));
  out.set("etag", base::hex(facts.content));
  out.set("kind", facts.kind == kv::Kind::blocks ? "blocks" : "file");
  out.set("provenance", kv::name(facts.provenance));
  out.set("tokens", number(facts.tokens));
  out.set("bytes", number(facts.bytes));
  out.set("created", base::rfc3339(facts.created));
  if (facts.expires) out.set("expires", base::rfc3339(*facts.expires));
  if (facts.leased) out.set("leased_until", base::rfc3339(*facts.leased));
  out.set("pinned", facts.pinned);
  out.set("hits", number(facts.hits));
  out.set("used", base::rfc3339(facts.used));
  if (facts.cost.count() > 0) out.set("cost_ms", Value::of(facts.cost.count() / 1000));
  return out;
}

void reply(const Visit& visit, int status, const Value& body) {
  reply_json(visit, status, json::write(body));
}

// A path below the root: an object's name and what is to be done with it.
struct Place {
  std::string name, act;
};

Place place_of(std::string_view path) {
  path.remove_prefix(kRoot.size());
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  if (slash == path.npos) return {std::string(path), ""};
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

Result<kv::Description> object_of(KvDoors& doors, const Visit& visit, const Place& place) {
  TRY(version, count_of(visit.exchange->request().query, "version", UINT64_MAX));
  const auto facts = doors.store.find(visit.tenant.id, place.name, version);
  if (facts) return *facts;
  return fail(Code::not_found, version ? fmt::format("no version {} of '{}'", *version, place.name)
                                       : fmt::format("no KV object '{}'", place.name));
}

Result<> list(KvDoors& doors, const Visit& visit) {
  const std::string& text = visit.exchange->request().query;
  kv::Query query{.tenant = visit.tenant.id};
  query.prefix = query_value(text, "prefix").value_or("");
  query.after = query_value(text, "after").value_or("");
  query.all_versions = query_value(text, "versions") == "all";
  TRY(limit, count_of(text, "limit", kPageMax));
  query.limit = limit.value_or(100);
  const std::vector<kv::Description> page = doors.store.list(query);
  json::Array objects;
  for (const kv::Description& facts : page) objects.push_back(describe(facts));
  Value out;
  out.set("objects", std::move(objects));
  if (page.size() >= query.limit) out.set("next", page.back().name);
  out.set("bytes", number(doors.store.tenant_bytes(visit.tenant.id)));
  reply(visit, 200, out);
  return {};
}

Result<> show(KvDoors& doors, const Visit& visit, const Place& place) {
  TRY(facts, object_of(doors, visit, place));
  TRY(manifest, doors.store.manifest(facts.id));
  Value out = describe(facts);
  out.set("text", manifest.text);
  out.set("fingerprint_fields", kv::text(manifest.fingerprint));
  json::Array lineage(manifest.lineage.begin(), manifest.lineage.end());
  out.set("lineage", std::move(lineage));
  Value labels = json::Object{};
  for (const auto& [name, value] : manifest.labels) labels.set(name, value);
  out.set("labels", std::move(labels));
  if (query_value(visit.exchange->request().query, "tokens") == "1") {
    json::Array ids;
    for (kv::Token token : manifest.tokens) ids.push_back(Value::of(std::int64_t{token}));
    out.set("token_ids", std::move(ids));
  }
  reply(visit, 200, out);
  return {};
}

Result<> data(KvDoors& doors, const Visit& visit, const Place& place) {
  TRY(facts, object_of(doors, visit, place));
  TRY(file, file_of(doors, facts, visit.exchange->request().query));
  file.headers.emplace_back("x-refrain-request-id", visit.id);
  reply_file(visit.exchange, std::move(file), doors.work);
  return {};
}

Result<> erase(KvDoors& doors, const Visit& visit, const Place& place) {
  TRY(version, count_of(visit.exchange->request().query, "version", UINT64_MAX));
  TRY(count, doors.store.erase(visit.tenant.id, place.name, version));
  if (count == 0) return fail(Code::not_found, fmt::format("no KV object '{}'", place.name));
  Value out;
  out.set("deleted", number(count));
  reply(visit, 200, out);
  return {};
}

Result<> lease(KvDoors& doors, const Visit& visit, const kv::Description& facts) {
  TRY(body, json::parse(visit.exchange->request().body));
  const Value* seconds = body.find("seconds");
  const auto count = seconds ? seconds->as_int() : std::nullopt;
  if (!count || *count <= 0 || static_cast<std::uint64_t>(*count) > kSecondsMax) {
    return fail(Code::invalid, "'seconds' must be a positive number");
  }
  TRY(changed, doors.store.lease(facts.id, std::chrono::seconds(*count)));
  reply(visit, 200, describe(changed));
  return {};
}

Result<> change(KvDoors& doors, const Visit& visit, const Place& place) {
  TRY(facts, object_of(doors, visit, place));
  if (place.act == "lease") return lease(doors, visit, facts);
  if (place.act != "pin" && place.act != "unpin") {
    return fail(Code::not_found, fmt::format("a KV object cannot be told to '{}': pin, unpin and "
                                             "lease are known",
                                             place.act));
  }
  TRY(changed, place.act == "pin" ? doors.store.pin(facts.id) : doors.store.unpin(facts.id));
  reply(visit, 200, describe(changed));
  return {};
}

Result<> route(KvDoors& doors, const Visit& visit) {
  const net::Request& http = visit.exchange->request();
  const Place place = place_of(http.path);
  const bool get = http.method == "GET" || http.method == "HEAD";
  if (place.name.empty()) return list(doors, visit);
  if (http.method == "POST") return change(doors, visit, place);
  if (place.act == "data" && get) return data(doors, visit, place);
  if (!place.act.empty())
    return fail(Code::not_found, fmt::format("no route {} {}", http.method, http.path));
  return get ? show(doors, visit, place) : erase(doors, visit, place);
}

void refuse(const Visit& visit, const base::Error& error) {
  native::refuse(visit, promptkv::status_of(error), error);
}

// A sink took the body: keep it under the name of the path.
Result<> keep(KvDoors& doors, const Visit& visit, const std::string& path) {
  const net::Request& http = visit.exchange->request();
  const Place place = place_of(http.path);
  if (!place.act.empty()) return fail(Code::not_found, fmt::format("no route PUT {}", http.path));
  kv::NewFile file{.tenant = visit.tenant.id, .name = place.name, .path = path};
  file.pinned = query_value(http.query, "pinned") == "1";
  TRY(ttl, count_of(http.query, "ttl", kSecondsMax));
  if (ttl) file.ttl = std::chrono::seconds(*ttl);
  TRY(kept, doors.store.keep(call_of(doors), file));
  reply(visit, 201, describe(kept));
  return {};
}

void put(KvDoors& doors, const Visit& visit) {
  auto intake = std::dynamic_pointer_cast<Intake>(visit.exchange->request().sink);
  if (!intake) return refuse(visit, {Code::invalid, "a safetensors file is wanted as the body"});
  intake->finish([&doors, visit, intake](Result<Intake::Taken> taken) {
    if (!taken) return refuse(visit, taken.error());
    Result<> kept = keep(doors, visit, taken->path);
    kept ? intake->release() : refuse(visit, kept.error());
  });
}

}  // namespace

base::Call call_of(const KvDoors& doors) { return {doors.clock.now() + kLimit, {}, 0}; }

Result<FileReply> file_of(KvDoors& doors, const kv::Description& facts, std::string_view query) {
  kv::Layers layers;
  std::string tag = base::hex(facts.content);
  if (const std::optional<std::string> text = query_value(query, "layers")) {
    const auto asked = parse_layers(*text);
    if (!asked) {
      return fail(Code::invalid, fmt::format("layers is '{}': such as 0-3 is wanted", *text));
    }
    layers = *asked;
    tag += fmt::format("-l{}-{}", layers.first, layers.last);
  }
  TRY(opened, doors.store.open(call_of(doors), facts.id, layers));
  FileReply out{.bytes = std::move(opened.bytes), .tag = fmt::format("\"{}\"", tag)};
  out.headers.emplace_back("x-refrain-kv-version", fmt::to_string(facts.version));
  return out;
}

namespace kvdoor {

void handle(KvDoors& doors, const Visit& visit) {
  if (visit.exchange->request().method == "PUT") return put(doors, visit);
  Result<> queued = doors.work.submit([&doors, visit] {
    if (Result<> done = route(doors, visit); !done) refuse(visit, done.error());
  });
  if (!queued) refuse(visit, queued.error());
}

}  // namespace kvdoor
}  // namespace refrain::api
