#include "api/promptkv.h"

#include <utility>

#include <fmt/format.h>

#include "api/file_reply.h"
#include "api/kv.h"
#include "api/status.h"
#include "base/log.h"

namespace refrain::api::promptkv {
namespace {

using base::Code;
using base::Result;
using json::Value;

constexpr std::string_view kField = "prompt_cache_file";
constexpr std::string_view kEnding = ".safetensors";
constexpr std::string_view kStatic = "/prompt_cache/", kLoad = "/load/";
constexpr std::uint64_t kFormBytes = 64 << 10;  // of a form around its file
constexpr std::size_t kClearPage = 1000;

void refuse(const Visit& visit, const base::Error& error) {
  reply_json(visit, status_of(error), error_body(error.what));
}

void reply_message(const Visit& visit, std::string_view message) {
  Value body;
  body.set("message", message);
  reply_json(visit, 200, json::write(body));
}

// FastAPI's own body for a form without its field.
void missing_field(const Visit& visit) {
  Value problem;
  problem.set("type", "missing");
  problem.set("loc", json::Array{"body", kField});
  problem.set("msg", "Field required");
  problem.set("input", nullptr);
  Value body;
  body.set("detail", json::Array{std::move(problem)});
  reply_json(visit, 422, json::write(body));
}

Result<> check_file_name(const std::string& name) {
  if (name.empty()) return base::fail(Code::invalid, "Empty filename");
  TRY_DO(kv::check_name(name));
  if (name.ends_with(kEnding) && name.size() > kEnding.size()) return {};
  return base::fail(Code::invalid,
                    fmt::format("the file name '{}' does not end in {}", name, kEnding));
}

void upload(KvDoors& doors, const Visit& visit) {
  const net::Request& http = visit.exchange->request();
  auto intake = std::dynamic_pointer_cast<Intake>(http.sink);
  if (!intake) return missing_field(visit);  // no body, or no form
  intake->finish([&doors, visit, intake](Result<Intake::Taken> taken) {
    if (!taken) return refuse(visit, taken.error());
    if (!taken->name) return missing_field(visit);
    if (taken->name->empty()) return refuse(visit, {Code::invalid, "Empty filename"});
    if (!taken->ended) return refuse(visit, {Code::invalid, "the form was cut before its end"});
    kv::NewFile file{.tenant = visit.tenant.id, .name = *taken->name, .path = taken->path};
    Result<kv::Description> kept = doors.store.keep(call_of(doors), file);
    if (!kept) return refuse(visit, kept.error());
    intake->release();
    base::log::info("KV object uploaded", {{"id", visit.id},
                                           {"object", kept->id},
                                           {"version", kept->version},
                                           {"bytes", kept->bytes}});
    reply_message(visit, "File uploaded successfully: " + kept->name);
  });
}

// GET /prompt_cache/{file}[/] and /load/{id}.
void download(KvDoors& doors, const Visit& visit, bool by_id) {
  const net::Request& http = visit.exchange->request();
  std::string name = http.path.substr((by_id ? kLoad : kStatic).size());
  if (name.ends_with('/')) name.pop_back();
  if (by_id) name += kEnding;
  const std::string_view absent = by_id ? "File not found" : "Not Found";
  const auto facts = doors.store.find(visit.tenant.id, name);
  if (!facts) return reply_json(visit, 404, error_body(absent));
  Result<FileReply> reply = file_of(doors, *facts, http.query);
  if (!reply) {
    if (reply.error().code == Code::not_found) return reply_json(visit, 404, error_body(absent));
    return refuse(visit, reply.error());
  }
  if (by_id) {
    reply->headers.emplace_back("content-disposition",
                                fmt::format("attachment; filename=\"{}\"", name));
  }
  reply->headers.emplace_back("x-refrain-request-id", visit.id);
  reply_file(visit.exchange, std::move(*reply), doors.work);
}

// As the reference: everything goes; what is pinned was pinned against just that.
void clear(KvDoors& doors, const Visit& visit) {
  std::size_t erased = 0;
  kv::Query query{.tenant = visit.tenant.id, .limit = kClearPage, .all_versions = true};
  for (;;) {
    const std::vector<kv::Description> page = doors.store.list(query);
    if (page.empty()) break;
    query.after = page.back().name;
    for (const kv::Description& facts : page) {
      if (facts.pinned) continue;
      Result<std::size_t> gone = doors.store.erase(facts.tenant, facts.name, facts.version);
      if (!gone) return refuse(visit, gone.error());
      erased += *gone;
    }
  }
  reply_message(visit, fmt::format("Cache cleared: {} files removed", erased));
}

void work(KvDoors& doors, const Visit& visit) {
  const std::string& path = visit.exchange->request().path;
  if (path.starts_with(kStatic)) return download(doors, visit, false);
  if (path.starts_with(kLoad)) return download(doors, visit, true);
  clear(doors, visit);
}

}  // namespace

int status_of(const base::Error& error) {
  if (error.code == Code::io) return 500;  // of this machine's disk, not of somebody behind us
  return error.code == Code::unavailable ? 507 : http_status(error.code);
}

std::string error_body(std::string_view reason) {
  Value body;
  body.set("detail", reason);
  return json::write(body);
}

net::Reception receive(KvDoors& doors, const net::Request& head, const key::Tenant& tenant,
                       std::function<void()> wake) {
  const kv::Options& options = doors.store.options();
  Intake::Options intake;
  intake.folder = doors.store.incoming();
  if (head.method == "POST") {
    const std::string* type = head.header("content-type");
    auto boundary = type ? boundary_of(*type) : std::nullopt;
    if (!boundary) return {};
    intake.multipart = Multipart::Options{std::move(*boundary), std::string(kField)};
    intake.check_name = check_file_name;
  }
  // Known too much already: do not take it first.
  const std::uint64_t taken = doors.store.tenant_bytes(tenant.id), quota = options.tenant_bytes_max;
  if (quota != 0 && taken >= quota) {
    intake.refused =
        base::Error{Code::unavailable, fmt::format("the quota of {} bytes is used up", quota)};
  }
  auto sink = std::make_shared<Intake>(std::move(intake), doors.work, std::move(wake));
  return {std::move(sink), options.object_bytes_max + kFormBytes};
}

void handle(KvDoors& doors, const Visit& visit) {
  if (!visit.certain) {
    return reply_json(visit, 403,
                      error_body("whose KV this is is not certain: an API key of the keys file is "
                                 "wanted, or a request from this machine itself"));
  }
  const std::string& path = visit.exchange->request().path;
  if (path == "/upload/" || path == "/upload") return upload(doors, visit);
  Result<> queued = doors.work.submit([&doors, visit] { work(doors, visit); });
  if (!queued) refuse(visit, queued.error());
}

}  // namespace refrain::api::promptkv
