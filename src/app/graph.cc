#include "app/graph.h"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "api/embedding_wire.h"
#include "api/resp.h"
#include "api/router.h"
#include "app/answers_setup.h"
#include "app/engine_setup.h"
#include "app/keys.h"
#include "app/local_embeddings.h"
#include "app/map_store.h"
#include "app/metrics.h"
#include "app/vectors_setup.h"
#include "app/version.h"
#include "base/log.h"
#include "cache/cache.h"
#include "embed/spec.h"
#include "fetch/client.h"
#include "kv/store.h"
#include "policy/value.h"
#include "serve/collector.h"
#include "serve/embeddings.h"
#include "serve/entries.h"
#include "serve/prompt_kv.h"
#include "upstream/remote.h"
#include "values/values.h"
#include "wire/openai.h"

namespace refrain::app {
namespace {

using base::Result;

std::size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

// Without --upstream there is no model: what is stored is answered, the rest gets a clear error.
class NoUpstream final : public chat::Producer {
 public:
  void start(const base::Call&, const chat::Request&,
             std::shared_ptr<chat::Flight> flight) override {
    flight->finish({chat::End::Kind::failed,
                    {},
                    {base::Code::unavailable,
                     "nothing stored answers this, and no model is set: start refrain with "
                     "--upstream URL or --model FILE.gguf"}});
  }
};

chat::Refusal refusal_of(const base::Error& error) {
  return {502,
          {{"content-type", "application/json"}},
          wire::openai::error_body({error.what, "server_error", "", base::name(error.code)})};
}

class Passing final : public serve::Forward {
 public:
  Passing(upstream::Remote* remote, const engine::Engine* engine, base::Clock& clock)
      : remote_(remote), engine_(engine), clock_(clock) {}

  void start(serve::Forwarded request, std::function<void(chat::Refusal)> done) override {
    if (engine_) return done(own_models(request.target));
    if (!remote_) {
      done(refusal_of({base::Code::unavailable,
                       "no model is set: start refrain with --upstream URL or --model FILE.gguf"}));
      return;
    }
    upstream::Passage passage{request.method, request.target, std::move(request.headers),
                              std::move(request.body)};
    if (!request.upstream_key.empty()) {
      std::erase_if(passage.headers, [](const auto& h) { return h.first == "authorization"; });
      passage.headers.emplace_back("authorization", "Bearer " + request.upstream_key);
    }
    base::Call call{clock_.now() + std::chrono::seconds(60), {}, 0};
    remote_->forward(call, std::move(passage), [done](Result<chat::Refusal> reply) {
      done(reply ? std::move(*reply) : refusal_of(reply.error()));
    });
  }

 private:
  chat::Refusal own_models(const std::string& target) const {
    Result<std::string> body = models_body(*engine_, target.substr(0, target.find('?')));
    if (body) return {200, {{"content-type", "application/json"}}, std::move(*body)};
    chat::Refusal refusal = refusal_of(body.error());
    refusal.status = 404;
    return refusal;
  }

  upstream::Remote* remote_;
  const engine::Engine* engine_;
  base::Clock& clock_;
};

Result<upstream::Options> upstream_options(const Config& config) {
  upstream::Options options;
  for (const UpstreamSetting& setting : config.upstreams) {
    upstream::Upstream upstream;
    upstream.name = setting.name;
    upstream.url = setting.url;
    upstream.kind = setting.kind == "tgi" ? upstream::Kind::tgi : upstream::Kind::openai;
    upstream.api_key = config.upstream_key;
    upstream.model = config.default_model;
    upstream.connect_timeout = config.connect_timeout;
    upstream.first_byte_timeout = config.upstream_first_byte;
    upstream.idle_timeout = config.upstream_idle;
    upstream.stream_usage = config.stream_usage;
    options.upstreams.push_back(std::move(upstream));
  }
  for (const auto& [pattern, name] : config.upstream_routes)
    options.routes.push_back({pattern, name});
  return options;
}

Result<> make_folder(const std::string& folder) {
  if (folder == ":memory:") return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return base::fail(base::Code::io, fmt::format("data folder {} cannot be made: {}; choose "
                                                  "another by --data-dir",
                                                  folder, error.message()));
  }
  return {};
}

}  // namespace

// In the order of construction; destroyed from the last to the first.
struct Graph::Parts {
  explicit Parts(Config settings)
      : config(std::move(settings)),
        work({.name = "work", .threads = cores(), .queue_max = 8192}),
        lookup({.name = "lookup", .threads = cores(), .queue_max = 1024}),
        journal(config.journal_max, config.journal_words),
        collector({config.statistics_dir}, clock) {}

  Config config;
  base::SystemClock clock;
  base::Pool work, lookup;
  base::Timer timer;
  std::unique_ptr<fetch::Client> client;
  std::unique_ptr<upstream::Remote> remote;
  NoUpstream nobody;
  std::unique_ptr<embed::Embedder> embedder;
  std::unique_ptr<LocalEmbeddings> own_embeddings;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<trust::Trust> trust;
  std::unique_ptr<milvus::Vectors> vectors;  // null: in the cache
  std::unique_ptr<cache::Cache> cache;
  std::unique_ptr<kv::Store> kv;
  std::string kv_folder;  // to be removed at the end, with ":memory:"; else ""
  LocalModel local;
  serve::Journal journal;
  serve::Collector collector;
  std::unique_ptr<serve::Completions> completions;
  std::unique_ptr<serve::Embeddings> embeddings;
  std::unique_ptr<serve::Entries> entries;
  std::unique_ptr<serve::Feedback> feedback;
  std::unique_ptr<Passing> passing;
  std::unique_ptr<serve::PromptKv> prompt_kv;
  std::unique_ptr<AnswersSetup> answers;
  std::unique_ptr<key::Tenants> tenants;
  std::unique_ptr<api::Router> router;
  std::unique_ptr<values::Values> values;  // of the RESP door; null when it is off
  std::unique_ptr<api::RespDoor> resp;
  std::atomic<bool> disk_upkeep{false};  // of kv and values is under way
  std::unique_ptr<net::Server> server;
  bool stopped = false;

  Result<> open_model() {
    fetch::Options options;
    options.ca_file = config.ca_file;
    TRY(opened, fetch::Client::open(options));
    client = std::move(opened);
    if (!config.upstreams.empty()) {
      TRY(upstreams, upstream_options(config));
      TRY(made, upstream::Remote::open(std::move(upstreams), *client, clock));
      remote = std::move(made);
    }
    TRY(embeds, open_embedder(config, *client));
    embedder = std::move(embeds);
    return {};
  }

  Result<> open_cache() {
    TRY_DO(make_folder(config.data_dir));
    config.store.value = [](const store::Facts& facts) {
      return policy::value({facts.stored, facts.used, facts.now, facts.hits,
                            std::chrono::microseconds(facts.cost_microseconds), facts.bytes});
    };
    TRY(opened, config.map_file.empty()
                    ? store::open(config.store, clock)
                    : open_map(config.store, clock, config.map_file));
    store = std::move(opened);
    trust = trust::Trust::open(config.trust, clock);
    cache::Cache::Options options;
    options.front.bytes_max = config.memory_max;
    options.front.policy = config.memory_policy;
    if (embedder) {
      // A remote embedder knows its dimension after its first answer only.
      if (embedder->info().dim == 0) {
        std::string_view probe[] = {"dimension"};
        base::Call call{clock.now() + std::chrono::seconds(10), {}, 0};
        base::Result<embed::Matrix> answer = embedder->embed(call, probe);
        if (!answer) {
          return base::fail(answer.error().code,
                            fmt::format("embedder {}: {}", config.embedder, answer.error().what));
        }
      }
      options.embedder_name = embedder->info().name();
      options.dim = embedder->info().dim;
      // A database changes while we are not there.
      const bool alone = config.store.remote.url.empty() && config.store.folder != ":memory:";
      if (alone) options.snapshot = config.data_dir + "/index.snapshot";
      TRY(elsewhere, open_vectors(config, embedder->info(), clock));
      vectors = std::move(elsewhere);
    }
    TRY(made, cache::Cache::open(std::move(options), {*store, embedder.get(), work, lookup, clock,
                                                      trust.get(), vectors.get()}));
    cache = std::move(made);
    return {};
  }

  Result<> open_kv() {
    if (!config.kv_on) return {};
    if (config.kv.folder.empty()) {
      std::string name = (std::filesystem::temp_directory_path() / "refrain-kv-XXXXXX").string();
      if (!::mkdtemp(name.data())) {
        return base::fail(base::Code::io, fmt::format("no folder {} for KV can be made", name));
      }
      config.kv.folder = kv_folder = name;
    }
    TRY(opened, kv::Store::open(config.kv, clock));
    kv = std::move(opened);
    return {};
  }

  Result<> open_local() {
    if (config.model.file.empty()) return {};
    TRY(opened, open_local_model(config.model, clock, kv.get()));
    local = std::move(opened);
    if (config.default_model.empty()) config.default_model = local.engine->model_name();
    return {};
  }

  ~Parts() {
    local.engine.reset();  // it saves into the database
    local.blocks.reset();
    kv.reset();
    std::error_code ignored;
    if (!kv_folder.empty()) std::filesystem::remove_all(kv_folder, ignored);
  }

  // Whoever answers what is not stored.
  chat::Producer& producer_of() {
    if (remote) return *remote;
    chat::Producer& writes = local.engine ? static_cast<chat::Producer&>(*local.engine) : nobody;
    if (!embedder) return writes;
    own_embeddings = std::make_unique<LocalEmbeddings>(
        LocalEmbeddings::Rooms{*embedder, lookup, writes});
    return *own_embeddings;
  }

  void open_serving() {
    chat::Producer& producer = producer_of();
    config.completions.generates = remote || local.engine;
    completions = std::make_unique<serve::Completions>(
        config.completions,
        serve::Completions::Rooms{*cache, producer, work, lookup, timer, clock, journal});
    embeddings = std::make_unique<serve::Embeddings>(
        serve::Embeddings::Options{.route = completions->route(chat::Dialect::openai_embedding),
                                   .answer_deadline = config.completions.answer_deadline},
        api::embedding_wire(),
        serve::Embeddings::Rooms{*cache, producer, work, clock});
    entries = std::make_unique<serve::Entries>(*cache, *completions);
    feedback = std::make_unique<serve::Feedback>(*cache, *entries, journal, clock);
    passing = std::make_unique<Passing>(remote.get(), local.engine.get(), clock);
    serve::PromptKv::Options options;
    options.items_max = config.model.items_max;
    options.answer_deadline = config.completions.answer_deadline;
    options.answer_bytes_max = config.completions.answer_bytes_max;
    prompt_kv = std::make_unique<serve::PromptKv>(options, local.engine.get(), clock);
  }

  Result<> open_answers() {
    TRY(opened, AnswersSetup::open(config.answers, {*cache, embedder.get(), clock, *client}));
    answers = std::move(opened);
    return {};
  }

  std::string why_not_ready() const {
    store::Stats stats = store->stats();
    if (stats.queued > 1000) return fmt::format("{} batches wait for the disk", stats.queued);
    return stopped ? "stopping" : "";
  }

  Result<> open_resp(net::Options& options) {
    if (config.resp.listeners.empty()) return {};
    TRY(opened, values::Values::open(config.resp.values, work, clock));
    values = std::move(opened);
    config.resp.door.version = kVersion;
    resp = std::make_unique<api::RespDoor>(config.resp.door, *values, *tenants, clock);
    for (net::Listener listener : config.resp.listeners) {
      listener.talks = resp.get();
      options.listeners.push_back(std::move(listener));
    }
    return {};
  }

  Result<> open_doors() {
    TRY(table, read_keys(config.keys, config.data_dir));
    table.anonymous_admin = config.anonymous_admin;
    tenants = std::make_unique<key::Tenants>(table);
    api::Context context{
        *completions, *embeddings, *entries, collector,           *passing, journal, *tenants,
        work,         clock,       kVersion, config.default_model};
    context.requests_max = config.net.requests_max;
    for (const net::Listener& listener : config.net.listeners) {
      context.listener_doors.push_back(listener.doors);
    }
    context.kv = kv.get();
    context.feedback = feedback.get();
    context.prompt_kv = prompt_kv.get();
    context.modelcache = &answers->door();
    context.multicache = &answers->multi_door();
    if (local.engine) context.context_tokens = local.engine->context_tokens();
    context.ready = [this] { return why_not_ready(); };
    context.more_metrics = [this](std::string& out) {
      if (server) append(server->stats(), out);
      append(client->stats(), out);
      if (remote) append(remote->stats(), out);
      if (embedder) append(embedder->stats(), out);
      if (values) append(values->stats(), out);
      if (resp && server) append(resp->stats(), server->stats(), out);
      if (answers) answers->append_metrics(out);
      if (kv) append(kv->stats(), out);
      if (local.engine) append(local.engine->stats(), out);
      if (vectors) append(vectors->milvus_stats(), out);
    };
    router = std::make_unique<api::Router>(std::move(context));
    net::Options options = config.net;
    options.error_body = [net = config.net](int status, std::string_view reason,
                                            const std::string& path) {
      std::string sentence(reason);
      if (status == 413) sentence += fmt::format(": over {} bytes (--body-max)", net.body_max);
      if (status == 431) sentence += fmt::format(": over {} bytes (--header-max)", net.header_max);
      if (status == 503) sentence += fmt::format(": {} (--requests-max)", net.requests_max);
      return api::render_error(status, sentence, path);
    };
    TRY_DO(open_resp(options));
    TRY(opened, net::Server::open(std::move(options), *router));
    server = std::move(opened);
    return {};
  }
};

Graph::Graph(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Graph::~Graph() { stop(); }

Result<std::unique_ptr<Graph>> Graph::open(Config config) {
  std::unique_ptr<Graph> graph(new Graph(std::make_unique<Parts>(std::move(config))));
  Parts& parts = *graph->parts_;
  TRY_DO(parts.open_model());
  TRY_DO(parts.open_cache());
  TRY_DO(parts.open_kv());
  TRY_DO(parts.open_local());
  parts.open_serving();
  TRY_DO(parts.open_answers());
  TRY_DO(parts.open_doors());
  return graph;
}

std::vector<std::uint16_t> Graph::ports() const { return parts_->server->ports(); }

void Graph::upkeep() {
  parts_->cache->upkeep();
  // Not here: they may wait for the device, and a signal must not wait for that.
  if (parts_->disk_upkeep.exchange(true)) return;
  Result<> sent = parts_->work.submit([parts = parts_.get()] {
    if (parts->kv) parts->kv->upkeep();
    if (parts->values) parts->values->upkeep();
    parts->trust->upkeep();
    parts->disk_upkeep = false;
  });
  if (!sent) parts_->disk_upkeep = false;
}

void Graph::stop() {
  if (parts_->stopped) return;
  parts_->stopped = true;
  if (parts_->server) parts_->server->stop(parts_->config.drain);
  if (parts_->client) parts_->client->stop();
  if (parts_->local.engine) parts_->local.engine->stop();
  if (parts_->answers) parts_->answers->stop();
  parts_->timer.stop();
  parts_->lookup.stop();
  if (parts_->vectors) parts_->vectors->stop();  // work may be following the records
  parts_->work.stop();
  if (parts_->cache) parts_->cache->stop();
  if (parts_->cache && !parts_->config.map_file.empty()) {
    close_map(*parts_->store, parts_->config.map_file);
  }
  parts_->local.engine.reset();
  parts_->local.blocks.reset();
  parts_->kv.reset();  // writes its last statistics
}

Result<std::unique_ptr<embed::Embedder>> open_embedder(const Config& config,
                                                       fetch::Client& client) {
  embed::SpecOptions options;
  options.minilm_file = minilm_file(config.embedder_file);
  options.contexts = config.embedder_contexts;
  options.client = &client;
  return embed::open_embedder(config.embedder, options);
}

}  // namespace refrain::app
