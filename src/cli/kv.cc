#include "cli/kv.h"

#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "cli/exit.h"
#include "cli/terminal.h"
#include "kv/verify.h"

namespace refrain::cli {

using base::Result;
using json::Value;

namespace {

Value to_json(const kv::Verified& found) {
  Value out;
  out.set("blocks", Value::of(found.blocks));
  out.set("objects", Value::of(found.objects));
  out.set("bytes", Value::of(found.bytes));
  out.set("lost", Value::of(found.lost));
  out.set("orphans", Value::of(found.orphans));
  json::Array findings;
  for (const kv::Finding& finding : found.findings) findings.push_back(finding.what);
  out.set("findings", std::move(findings));
  return out;
}

std::string shown(const Value& row, std::string_view name) {
  const Value* value = row.find(name);
  if (!value) return "-";
  return value->is_string() ? *value->string() : json::write(*value);
}

}  // namespace

int kv_verify(const Session& common, const kv::Options& options) {
  base::SystemClock clock;
  std::optional<Progress> progress;
  Result<kv::Verified> found =
      kv::verify_store(options, clock, [&](std::uint64_t done, std::uint64_t all) {
        if (!progress) progress.emplace("verified", all);
        progress->set(done);
      });
  progress.reset();
  if (!found) return report(found.error(), common.json);
  const int status = found->findings.empty() ? 0 : 1;
  if (common.json) {
    std::printf("%s\n", json::write(to_json(*found)).c_str());
    return status;
  }
  std::printf("%s: %llu blocks, %llu objects, %llu bytes\n", options.folder.c_str(),
              static_cast<unsigned long long>(found->blocks),
              static_cast<unsigned long long>(found->objects),
              static_cast<unsigned long long>(found->bytes));
  std::printf("repaired at opening: %llu rows without a file, %llu files without a row\n",
              static_cast<unsigned long long>(found->lost),
              static_cast<unsigned long long>(found->orphans));
  for (const kv::Finding& finding : found->findings) {
    std::printf("damaged and dropped: %s\n", finding.what.c_str());
  }
  if (found->findings.empty()) std::printf("every checksum is right\n");
  return status;
}

int kv_list(const Session& common, const KvListOptions& options) {
  Result<std::unique_ptr<Server>> server = Server::open(common.server);
  if (!server) return report(server.error(), common.json);
  std::string path = fmt::format("/refrain/v1/kv?limit={}", options.limit);
  if (!options.prefix.empty()) path += "&prefix=" + options.prefix;
  if (!options.after.empty()) path += "&after=" + options.after;
  Result<Value> body = (*server)->get(path);
  if (!body) return report(body.error(), common.json);
  if (common.json) {
    std::printf("%s\n", json::write(*body).c_str());
    return 0;
  }
  const Value* objects = body->find("objects");
  if (!objects || !objects->array()) return 0;
  for (const Value& row : *objects->array()) {
    std::printf("%-44s v%-4s %8s tokens %12s bytes  %s\n", shown(row, "name").c_str(),
                shown(row, "version").c_str(), shown(row, "tokens").c_str(),
                shown(row, "bytes").c_str(), shown(row, "model").c_str());
  }
  if (const Value* next = body->find("next")) {
    std::fprintf(stderr, "more: refrain kv list --after %s\n", next->string()->c_str());
  }
  return 0;
}

}  // namespace refrain::cli
