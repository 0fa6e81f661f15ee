#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace refrain::cli {
namespace {

using base::Code;
using base::fail;
using base::Result;
using json::Value;

Result<fetch::Response> send(const fetch::Request& request) {
  TRY(client, fetch::Client::open({}));
  base::Call call{base::SystemClock().now() + std::chrono::seconds(60), {}, 0};
  return client->fetch_whole(call, request);
}

fetch::Request get(const std::string& url, const std::string& key) {
  fetch::Request request;
  request.url = url;
  if (!key.empty()) request.headers = {{"authorization", "Bearer " + key}};
  return request;
}

Result<std::string> expect_ok(const std::string& url, const std::string& key) {
  TRY(response, send(get(url, key)));
  if (response.status / 100 == 2) return fmt::format("status {}", response.status);
  return fail(Code::unavailable,
              fmt::format("{} answered {}; {}", url, response.status,
                          response.status == 401 ? "give its key by --upstream-key"
                                                 : "is this the right URL?"));
}

// URLs are taken with and without /v1 at their end.
std::string without_version(std::string url) {
  if (url.ends_with("/v1")) url.resize(url.size() - 3);
  return url;
}

Result<std::string> trial(const std::string& url, const std::string& kind, const std::string& key,
                          const std::string& model) {
  fetch::Request request = get(url, key);
  request.method = "POST";
  request.headers.emplace_back("content-type", "application/json");
  Value body;
  if (kind == "tgi") {
    request.url += "/generate";
    Value parameters;
    parameters.set("max_new_tokens", Value::of(std::int64_t{20}));
    body.set("inputs", "Say hello.");
    body.set("parameters", std::move(parameters));
  } else {
    request.url = without_version(url) + "/v1/chat/completions";
    Value message;
    message.set("role", "user");
    message.set("content", "Say hello.");
    body.set("model", model.empty() ? "default" : model);
    body.set("messages", json::Array{std::move(message)});
    body.set("max_tokens", Value::of(std::int64_t{20}));
  }
  request.body = json::write(body);
  TRY(response, send(request));
  if (response.status / 100 != 2) {
    return fail(Code::unavailable, fmt::format("a trial generation got status {}: {}",
                                               response.status, response.body.substr(0, 200)));
  }
  return fmt::format("20 tokens asked for, {} bytes came", response.body.size());
}

}  // namespace

std::vector<Check> upstream_checks(const std::string& url, const std::string& kind,
                                   const std::string& key, const std::string& model) {
  std::string base = without_version(url);
  std::vector<Check> checks;
  auto add = [&](const char* name, std::function<Result<std::string>()> probe) {
    checks.push_back({name, std::move(probe), Check::Weight::must});
  };
  if (kind == "tgi") {
    add("upstream health", [=] { return expect_ok(base + "/health", key); });
    add("upstream info", [=] { return expect_ok(base + "/info", key); });
  } else {
    add("upstream models", [=] { return expect_ok(base + "/v1/models", key); });
  }
  add("upstream generates", [=] { return trial(base, kind, key, model); });
  return checks;
}

int doctor(const Session& common, const std::vector<Check>& checks) {
  int status = 0;
  json::Array rows;
  for (const Check& check : checks) {
    Result<std::string> found = check.probe();
    bool may = check.weight == Check::Weight::may;
    if (!found && !may) status = 1;
    const std::string& words = found ? *found : found.error().what;
    if (common.json) {
      Value row;
      row.set("check", check.name);
      row.set("ok", found.has_value());
      row.set("found", words);
      rows.push_back(std::move(row));
    } else {
      std::string mark = found ? coloured("OK  ", "32")
                         : may ? coloured("NOTE", "33")
                               : coloured("FAIL", "31");
      std::printf("%s  %-20s %s\n", mark.c_str(), check.name.c_str(), words.c_str());
    }
  }
  if (common.json) {
    Value out;
    out.set("ok", status == 0);
    out.set("checks", std::move(rows));
    std::printf("%s\n", json::write(out).c_str());
  }
  return status;
}

}  // namespace refrain::cli
