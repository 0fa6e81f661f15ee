#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/embedding_wire.h"
#include "api/router.h"
#include "json/value.h"
#include "tests/support/fake_exchange.h"
#include "tests/support/serve_probe.h"
#include "tests/support/temp_folder.h"

namespace refrain::test {

/// Keeps what is passed on and replies what the test set.
class FakeForward final : public serve::Forward {
 public:
  void start(serve::Forwarded request, std::function<void(chat::Refusal)> done) override {
    seen = std::move(request);
    done(reply);
  }
  serve::Forwarded seen;
  chat::Refusal reply{200, {{"content-type", "application/json"}}, R"({"data":[]})"};
};

/// All doors behind a router without sockets, over a ServeProbe. Requests come from loopback
/// without a credential unless the test says otherwise: tenant `default`, an admin.
class DoorProbe {
 public:
  DoorProbe() = default;
  ~DoorProbe() {
    tiers.embedder.open_gate();
    tiers.settle();
  }

  /// With these API keys and tenants; to be called before the first request.
  void add_tenant(key::Tenant tenant, const std::string& api_key) {
    tenant_options.rows.push_back({std::move(tenant), {api_key}});
  }

  std::shared_ptr<net::FakeExchange> start(std::shared_ptr<net::FakeExchange> exchange) {
    open();
    exchange->request().received = tiers.clock.now();
    router_->handle(exchange);
    return exchange;
  }
  std::shared_ptr<net::FakeExchange> start(const std::string& method, const std::string& path,
                                           const std::string& body = "",
                                           net::Headers headers = {}) {
    return start(net::FakeExchange::make(method, path, body, std::move(headers)));
  }
  /// Sends, and waits for the end of the reply and for the journal.
  std::shared_ptr<net::FakeExchange> send(const std::string& method, const std::string& path,
                                          const std::string& body = "", net::Headers headers = {}) {
    auto exchange = start(method, path, body, std::move(headers));
    exchange->wait_closed();
    if (!exchange->header("x-refrain-cache").empty()) settle(*exchange);
    return exchange;
  }
  std::shared_ptr<net::FakeExchange> post(const std::string& path, const std::string& body,
                                          net::Headers headers = {}) {
    return send("POST", path, body, std::move(headers));
  }
  std::shared_ptr<net::FakeExchange> get(const std::string& path, net::Headers headers = {}) {
    return send("GET", path, "", std::move(headers));
  }
  static json::Value body(const net::FakeExchange& exchange) {
    return json::parse(exchange.body()).value_or(json::Value());
  }
  static std::string chat(const std::string& question, const std::string& more = "") {
    return R"({"model":"m","messages":[{"role":"user","content":")" + question + "\"}]" + more +
           "}";
  }

  api::Context& context() {
    open();
    return *context_;
  }

  ServeProbe tiers;
  TempFolder temp;
  const std::string& folder = temp.path();
  FakeForward forward;
  key::Tenants::Options tenant_options;
  std::vector<std::string> listener_doors = {""};
  std::string not_ready;

 private:
  // Embeddings are not in the journal; every other outcome is, a moment after its last byte.
  void settle(const net::FakeExchange& exchange) {
    if (exchange.request().path != "/v1/embeddings") {
      tiers.explained(exchange.header("x-refrain-request-id"));
    }
  }
  void open() {
    if (router_) return;
    embeddings_ = std::make_unique<serve::Embeddings>(
        serve::Embeddings::Options{
            .route = tiers.options.routes[chat::Dialect::openai_embedding]},
        api::embedding_wire(),
        serve::Embeddings::Rooms{*tiers.cache, tiers.model, tiers.work, tiers.clock});
    entries_ = std::make_unique<serve::Entries>(*tiers.cache, tiers.serving());
    collector_ = std::make_unique<serve::Collector>(serve::Collector::Options{folder}, tiers.clock);
    tenants_ = std::make_unique<key::Tenants>(tenant_options);
    context_ = std::make_unique<api::Context>(
        api::Context{tiers.serving(), *embeddings_, *entries_, *collector_, forward, tiers.journal,
                     *tenants_, tiers.work, tiers.clock, "1.2.3", "default-model"});
    feedback_ = std::make_unique<serve::Feedback>(*tiers.cache, *entries_, tiers.journal,
                                                  tiers.clock);
    context_->feedback = feedback_.get();
    context_->listener_doors = listener_doors;
    context_->ready = [this] { return not_ready; };
    context_->more_metrics = [](std::string& out) { out += "more 1\n"; };
    router_ = std::make_unique<api::Router>(*context_);
  }

  std::unique_ptr<serve::Embeddings> embeddings_;
  std::unique_ptr<serve::Entries> entries_;
  std::unique_ptr<serve::Feedback> feedback_;
  std::unique_ptr<serve::Collector> collector_;
  std::unique_ptr<key::Tenants> tenants_;
  std::unique_ptr<api::Context> context_;
  std::unique_ptr<api::Router> router_;
};

}  // namespace refrain::test
