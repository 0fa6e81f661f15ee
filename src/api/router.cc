// Routes are a table of path, methods and door. The order of questions: is there such a route here,
// is the method right, who asks, may they. A request whose tenant is uncertain is served without
// the cache; only the native door, which shows what others stored, turns it away.
#include "api/router.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "api/gkv.h"
#include "api/host.h"
#include "api/kv.h"
#include "api/metrics.h"
#include "api/modelcache.h"
#include "api/modelcache_socket.h"
#include "api/multicache.h"
#include "api/native.h"
#include "api/native_engine.h"
#include "api/openai.h"
#include "api/promptkv.h"
#include "api/semshare.h"
#include "api/status.h"
#include "api/tgi.h"
#include "base/random.h"
#include "wire/gkv.h"
#include "wire/modelcache.h"
#include "wire/openai.h"
#include "wire/semshare.h"
#include "wire/tgi.h"

namespace refrain::api {
namespace {

enum class Door : std::uint8_t {
  openai, tgi, gkv, semshare, promptkv, kv, modelcache, answers, native, operations
};

constexpr std::array<std::pair<std::string_view, Door>, 10> kDoors = {
    {{"openai", Door::openai},
     {"tgi", Door::tgi},
     {"gkv", Door::gkv},
     {"semshare", Door::semshare},
     {"promptkv", Door::promptkv},
     {"native", Door::native},
     {"native", Door::kv},
     {"modelcache", Door::modelcache},
     {"native", Door::answers},
     {"operations", Door::operations}}};

struct Route {
  std::string_view path;
  bool prefix;  // also what lies below
  std::string_view methods;
  Door door;
};

constexpr std::array kRoutes = {
    Route{"/v1/chat/completions", false, "POST", Door::openai},
    Route{"/v1/completions", false, "POST", Door::openai},
    Route{"/v1/embeddings", false, "POST", Door::openai},
    Route{"/v1/models", true, "GET, HEAD", Door::openai},
    Route{"/tgi/generate", false, "POST", Door::tgi},
    Route{"/tgi/generate_stream", false, "POST", Door::tgi},
    Route{"/tgi/info", false, "GET, HEAD", Door::tgi},
    Route{"/tgi/health", false, "GET, HEAD", Door::tgi},
    Route{"/tgi", false, "POST", Door::tgi},
    Route{"/tgi/", false, "POST", Door::tgi},
    Route{"/generate", false, "POST", Door::gkv},
    Route{"/data/start", false, "POST", Door::gkv},
    Route{"/data/stop", false, "POST", Door::gkv},
    Route{"/data/csv", false, "GET, HEAD", Door::gkv},
    Route{"/data/files/", true, "GET, HEAD", Door::gkv},
    Route{"/upload", false, "POST", Door::promptkv},
    Route{"/upload/", false, "POST", Door::promptkv},
    Route{"/prompt_cache/", true, "GET, HEAD", Door::promptkv},
    Route{"/load/", true, "GET, HEAD", Door::promptkv},
    Route{"/clear_cache", false, "POST", Door::promptkv},
    Route{"/clear_cache/", false, "POST", Door::promptkv},
    Route{"/refrain/v1/kv", false, "GET, HEAD", Door::kv},
    Route{"/refrain/v1/kv/", true, "GET, HEAD, PUT, POST, DELETE", Door::kv},
    Route{"/modelcache", false, "GET, POST", Door::modelcache},
    Route{"/multicache", false, "GET, POST", Door::modelcache},
    Route{"/llms_cache", false, "GET, POST", Door::modelcache},
    Route{"/welcome", false, "GET, HEAD", Door::modelcache},
    Route{"/refrain/v1/answers/report", false, "GET", Door::answers},
    Route{"/refrain/v1/answers/log", false, "GET", Door::answers},
    Route{"/v1/generate", false, "POST", Door::semshare},
    Route{"/v1/cache/stats", false, "GET, HEAD", Door::semshare},
    Route{"/v1/cache/clear", false, "POST", Door::semshare},
    Route{"/refrain/v1/engine/entries/", true, "GET", Door::native},
    Route{"/refrain/v1/engine/clear", false, "POST", Door::native},
    Route{"/refrain/v1/engine/statistics", false, "GET", Door::native},
    Route{"/refrain/v1/lookup", false, "POST", Door::native},
    Route{"/refrain/v1/entries", false, "GET, POST", Door::native},
    Route{"/refrain/v1/entries/", true, "GET, DELETE", Door::native},
    Route{"/refrain/v1/invalidate", false, "POST", Door::native},
    Route{"/refrain/v1/feedback", false, "GET, POST", Door::native},
    Route{"/refrain/v1/explain/", true, "GET", Door::native},
    Route{"/refrain/v1/stats", false, "GET", Door::native},
    Route{"/health", false, "GET, HEAD", Door::operations},
    Route{"/ready", false, "GET, HEAD", Door::operations},
    Route{"/metrics", false, "GET, HEAD", Door::operations},
    Route{"/", false, "GET, HEAD", Door::operations},
};

bool fits(const Route& route, std::string_view path) {
  if (path == route.path) return true;
  if (!route.prefix || !path.starts_with(route.path)) return false;
  return route.path.ends_with('/') || path[route.path.size()] == '/';
}

const Route* find_route(std::string_view path) {
  const auto* found = std::ranges::find_if(kRoutes, [&](const Route& r) { return fits(r, path); });
  return found == kRoutes.end() ? nullptr : found;
}

bool allows(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    std::size_t end = methods.find(", ");
    if (methods.substr(0, end) == method) return true;
    methods = end == std::string_view::npos ? std::string_view{} : methods.substr(end + 2);
  }
  return false;
}

bool lists(std::string_view doors, Door door) {
  if (doors.empty()) return true;
  for (const auto& [name, value] : kDoors) {
    if (value != door) continue;
    std::string padded = fmt::format(",{},", doors);
    return padded.find(fmt::format(",{},", name)) != std::string::npos;
  }
  return false;
}

// The door whose dialect an error on this path is told in.
Door dialect_of(std::string_view path) {
  if (path.starts_with("/tgi")) return Door::tgi;
  if (path == "/generate" || path.starts_with("/data/")) return Door::gkv;
  if (path == "/v1/generate" || path.starts_with("/v1/cache/")) return Door::semshare;
  if (path == "/modelcache" || path == "/welcome" || path == "/multicache" ||
      path == "/llms_cache") {
    return Door::modelcache;
  }
  if (path.starts_with("/refrain/")) return Door::native;
  for (std::string_view start : {"/upload", "/prompt_cache/", "/load/", "/clear_cache"}) {
    if (path.starts_with(start)) return Door::promptkv;
  }
  return Door::openai;
}

std::string credential_of(const net::Request& http) {
  if (const std::string* header = http.header("authorization")) return *header;
  if (const std::string* header = http.header("x-api-key")) return *header;
  return "";
}

// A page of another site that a browser of this machine shows must not reach the native door by
// naming loopback (DNS rebinding): its Host is a name of that site, its Origin too.
bool from_this_machine(const net::Request& http) {
  if (!http.loopback || http.header("origin")) return false;
  const std::string* host = http.header("host");
  return !host || names_loopback(*host);
}

}  // namespace

base::Result<> check_doors(std::string_view doors) {
  std::string_view rest = doors;
  while (!rest.empty()) {
    std::size_t end = rest.find(',');
    std::string_view name = rest.substr(0, end);
    bool known = std::ranges::any_of(kDoors, [&](const auto& door) { return door.first == name; });
    if (!known) {
      return base::fail(base::Code::invalid,
                        fmt::format("unknown door '{}': openai, tgi, gkv, semshare, promptkv, "
                                    "modelcache, native and operations are allowed",
                                    name));
    }
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return {};
}

net::Response render_error(int status, std::string_view reason, const std::string& path) {
  std::string body;
  switch (dialect_of(path)) {
    case Door::tgi:
      body = wire::tgi::error_body(reason, status == 503 ? wire::tgi::ErrorType::overloaded
                                                         : wire::tgi::ErrorType::validation);
      break;
    case Door::gkv: body = wire::gkv::error_body(reason, status); break;
    case Door::native: body = native::error_body({cause_of(status), std::string(reason)}); break;
    case Door::promptkv: body = promptkv::error_body(reason); break;
    case Door::semshare: body = wire::semshare::error_body(reason); break;
    case Door::modelcache:
      body = wire::modelcache::render_fault({status, std::string(reason)});
      break;
    default: body = wire::openai::error_body({reason, openai_type(status), "", ""});
  }
  net::Headers headers = {{"content-type", "application/json"}};
  if (status == 503) headers.emplace_back("retry-after", "1");
  return {status, std::move(headers), std::move(body)};
}

Router::Router(Context context) : context_(std::move(context)) {
  if (context_.kv) kv_.emplace(*context_.kv, context_.work, context_.clock);
}

Visit Router::visit_of(std::shared_ptr<net::Exchange> exchange) const {
  Visit visit;
  const net::Request& http = exchange->request();
  visit.id = "req-" + base::random_id(20);
  std::optional<key::Tenant> tenant =
      context_.tenants.resolve(credential_of(http), from_this_machine(http));
  visit.certain = tenant.has_value();
  if (tenant) visit.tenant = std::move(*tenant);
  visit.exchange = std::move(exchange);
  return visit;
}

net::Reception Router::receive(const net::Request& head, std::function<void()> wake) {
  const Route* route = find_route(head.path);
  const bool upload = route && ((route->door == Door::promptkv && head.method == "POST") ||
                                (route->door == Door::kv && head.method == "PUT"));
  if (!upload || !context_.kv || !allows(route->methods, head.method) ||
      !lists(context_.listener_doors[head.listener], route->door)) {
    return {};
  }
  const std::optional<key::Tenant> tenant =
      context_.tenants.resolve(credential_of(head), from_this_machine(head));
  if (!tenant) return {};
  return promptkv::receive(*kv_, head, *tenant, std::move(wake));
}

std::unique_ptr<net::Correspondent> Router::correspond(const net::Request& head) {
  const Route* route = find_route(head.path);
  if (!route || head.path != "/modelcache" || !context_.modelcache ||
      !lists(context_.listener_doors[head.listener], route->door)) {
    return nullptr;
  }
  const std::optional<key::Tenant> tenant =
      context_.tenants.resolve(credential_of(head), from_this_machine(head));
  if (!tenant) return nullptr;  // the request is answered 403, as any other
  return modelcache_socket(*context_.modelcache, {tenant->id, true, {}});
}

void Router::handle(std::shared_ptr<net::Exchange> exchange) {
  const net::Request& http = exchange->request();
  const Route* route = find_route(http.path);
  const bool is_kv = route && (route->door == Door::promptkv || route->door == Door::kv);
  const bool is_modelcache =
      route && (route->door == Door::modelcache || route->door == Door::answers);
  bool here = route && lists(context_.listener_doors[http.listener], route->door) &&
              (context_.kv || !is_kv) && (context_.modelcache || !is_modelcache);
  if (!here) {
    exchange->reply(
        render_error(404, fmt::format("no route {} {}", http.method, http.path), http.path));
    return;
  }
  if (!allows(route->methods, http.method)) {
    net::Response response = render_error(
        405,
        fmt::format("{} does not allow {}; it allows {}", http.path, http.method, route->methods),
        http.path);
    response.headers.emplace_back("allow", std::string(route->methods));
    exchange->reply(std::move(response));
    return;
  }
  Visit visit = visit_of(std::move(exchange));
  const std::string& path = visit.exchange->request().path;
  switch (route->door) {
    case Door::openai:
      if (path == "/v1/chat/completions") {
        return openai::complete(context_, visit, chat::Dialect::openai_chat);
      }
      if (path == "/v1/completions") {
        return openai::complete(context_, visit, chat::Dialect::openai_completion);
      }
      if (path == "/v1/embeddings") return openai::embed(context_, visit);
      return openai::pass_through(context_, visit);
    case Door::tgi:
      if (path == "/tgi/info") return tgi::info(context_, visit);
      if (path == "/tgi/health") return reply_json(visit, 200, "");
      return tgi::generate(context_, visit, std::string_view(path).substr(4));
    case Door::gkv:
      return path == "/generate" ? gkv::generate(context_, visit) : gkv::data(context_, visit);
    case Door::promptkv: return promptkv::handle(*kv_, visit);
    case Door::kv:
      if (!visit.certain) return native(visit);
      return kvdoor::handle(*kv_, visit);
    case Door::semshare: return semshare(visit);
    case Door::modelcache:
      if (path == "/modelcache" || path == "/welcome") return context_.modelcache->handle(visit);
      return context_.multicache->handle(visit);
    case Door::answers:
    case Door::native: return native(visit);
    case Door::operations: return operations(visit);
  }
}

void Router::semshare(const Visit& visit) {
  auto handle = [this, visit] {
    semshare::handle(*context_.prompt_kv, context_.clock, visit);
  };
  if (visit.exchange->request().path != "/v1/cache/clear") return handle();
  if (base::Result<> queued = context_.work.submit(handle); !queued) {
    visit.exchange->reply(render_error(503, queued.error().what, "/v1/cache/clear"));
  }
}

void Router::native(const Visit& visit) {
  if (!visit.certain) {
    return native::refuse(visit, 403,
                          {base::Code::invalid,
                           "the native door wants an API key of the keys file, or, without such a "
                           "file, a request from this machine itself"});
  }
  const bool answers = visit.exchange->request().path.starts_with("/refrain/v1/answers/");
  base::Result<> queued = context_.work.submit([this, visit, answers] {
    answers ? context_.modelcache->show(visit) : native::handle(context_, visit);
  });
  if (!queued) native::refuse(visit, 503, queued.error());
}

void Router::operations(const Visit& visit) {
  const std::string& path = visit.exchange->request().path;
  if (path == "/metrics") {
    visit.exchange->reply(
        {200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, metrics(context_)});
    return;
  }
  json::Value body;
  int status = 200;
  if (path == "/ready") {
    std::string why_not = context_.ready ? context_.ready() : "";
    body.set("ready", why_not.empty());
    if (!why_not.empty()) {
      body.set("reason", why_not);
      status = 503;
    }
    if (context_.prompt_kv && context_.prompt_kv->there()) {
      body.set("engine", native::engine_view(*context_.prompt_kv));
    }
  } else if (path == "/health") {
    body.set("status", "ok");
    body.set("version", context_.version);
  } else if (context_.kv && lists(context_.listener_doors[visit.exchange->request().listener],
                                  Door::promptkv)) {
    body.set("message", "promptcachedb server");  // the prompt-KV door's banner, to the letter
  } else {
    body.set("name", "refrain");
    body.set("version", context_.version);
    body.set(
        "docs",
        "POST /v1/chat/completions, /generate, /tgi/generate; GET /refrain/v1/stats, /metrics");
  }
  reply_json(visit, status, json::write(body));
}

}  // namespace refrain::api
