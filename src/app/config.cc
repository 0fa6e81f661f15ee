#include "app/config.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <span>

#include <fmt/format.h>

#include "api/router.h"
#include "app/config_reader.h"
#include "base/file.h"
#include "cli/decision_profile.h"
#include "policy/eviction.h"
#include "store/place.h"

namespace refrain::app {
namespace {

using base::Code;
using base::fail;
using base::Result;

std::string home_expanded(std::string path) {
  if (!path.starts_with("~/")) return path;
  const char* home = std::getenv("HOME");
  return (home ? std::string(home) : std::string("/var/lib/refrain")) + path.substr(1);
}

bool read_address(Reader& in, std::string_view name, std::string_view text,
                  net::Listener& listener) {
  const std::size_t colon = text.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listener.port);
  if (colon == std::string_view::npos || error != std::errc{} ||
      end != port.data() + port.size()) {
    in.fault(name, "ADDRESS:PORT, such as 127.0.0.1:8780 or [::1]:8780,");
    return false;
  }
  listener.address = text.substr(0, colon);
  if (listener.address.starts_with('[') && listener.address.ends_with(']')) {
    listener.address = listener.address.substr(1, listener.address.size() - 2);
  }
  if (listener.address == "localhost") listener.address = "127.0.0.1";
  return true;
}

void read_listeners(Reader& in, Config& out) {
  std::string cert = in.text("tls-cert");
  std::string key = in.text("tls-key");
  if (cert.empty() != key.empty()) in.fault("tls-cert", "a certificate together with --tls-key");
  for (const std::string& text : in.texts("listen")) {
    net::Listener listener;
    std::string_view rest = text;
    if (std::size_t equals = rest.find('='); equals != std::string_view::npos) {
      listener.doors = rest.substr(equals + 1);
      rest = rest.substr(0, equals);
      if (Result<> known = api::check_doors(listener.doors); !known) {
        in.fault("listen", known.error().what + "; a list of these");
      }
    }
    if (!read_address(in, "listen", rest, listener)) return;
    if (!cert.empty()) listener.tls = net::Tls{cert, key};
    out.net.listeners.push_back(std::move(listener));
  }
  if (out.net.listeners.empty()) in.fault("listen", "at least one address");
}

void read_upstreams(Reader& in, Config& out) {
  std::map<std::string, std::string> kinds;
  std::string kind = "openai";
  for (const std::string& text : in.texts("upstream-kind")) {
    std::size_t equals = text.find('=');
    std::string word = equals == std::string::npos ? text : text.substr(equals + 1);
    if (word != "openai" && word != "tgi") in.fault("upstream-kind", "openai or tgi");
    if (equals == std::string::npos) {
      kind = word;
    } else {
      kinds[text.substr(0, equals)] = word;
    }
  }
  for (const std::string& text : in.texts("upstream")) {
    UpstreamSetting upstream;
    std::size_t equals = text.find('=');
    std::size_t scheme = text.find("://");
    bool named = equals != std::string::npos && (scheme == std::string::npos || equals < scheme);
    upstream.name = named ? text.substr(0, equals) : "default";
    upstream.url = named ? text.substr(equals + 1) : text;
    bool web = upstream.url.starts_with("http://") || upstream.url.starts_with("https://");
    if (!web) in.fault("upstream", "a URL that begins with http:// or https://");
    while (upstream.url.ends_with('/')) upstream.url.pop_back();
    auto own = kinds.find(upstream.name);
    upstream.kind = own == kinds.end() ? kind : own->second;
    out.upstreams.push_back(std::move(upstream));
  }
  for (const std::string& text : in.texts("upstream-routes")) {
    std::size_t equals = text.rfind('=');
    if (equals == std::string::npos) {
      in.fault("upstream-routes", "MODEL=NAME");
      continue;
    }
    out.upstream_routes.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
}

policy::Mode mode_of(std::string_view word) {
  if (word == "threshold") return policy::Mode::threshold;
  return word == "off" ? policy::Mode::off : policy::Mode::verified;
}

// GKV hits above 0.8 strictly, the others at or above their floor (product.md 5).
policy::Rule rule_of(chat::Dialect dialect, policy::Mode mode) {
  policy::Rule rule;
  rule.mode = mode;
  rule.compare = policy::Compare::at_least;
  rule.floor = mode == policy::Mode::threshold ? 0.9F : policy::kWeighedFloor;
  if (dialect == chat::Dialect::gkv) {
    rule.compare = policy::Compare::above;
    if (mode == policy::Mode::threshold) rule.floor = 0.8F;
  }
  return rule;
}

void read_routes(Reader& in, Config& out) {
  static constexpr std::array<std::pair<const char*, chat::Dialect>, 5> kDoors = {
      {{"chat", chat::Dialect::openai_chat},
       {"completions", chat::Dialect::openai_completion},
       {"embeddings", chat::Dialect::openai_embedding},
       {"tgi", chat::Dialect::tgi},
       {"gkv", chat::Dialect::gkv}}};
  std::string common = in.one_of("semantic", {"verified", "threshold", "off"});
  for (const auto& [door, dialect] : kDoors) {
    auto name = [&, prefix = std::string(door)](const char* what) { return prefix + "." + what; };
    std::string own = name("semantic");
    policy::Mode mode = in.text(own).empty()
                            ? mode_of(common)
                            : mode_of(in.one_of(own, {"verified", "threshold", "off"}));
    serve::Route route;
    route.rule = rule_of(dialect, mode);
    for (const std::string& floor : {std::string("floor"), name("floor")}) {
      if (in.text(floor).empty()) continue;
      route.rule.floor = route.rule.alone_floor = static_cast<float>(in.real(floor, -1, 1));
    }
    if (!in.text("decision.alone-floor").empty()) {
      route.rule.alone_floor = static_cast<float>(in.real("decision.alone-floor", -1, 1));
    }
    const std::string error = in.text(name("max-error")).empty() ? "max-error" : name("max-error");
    route.rule.error_max = in.real(error, 0, 1);
    std::string ttl = in.text(name("ttl")).empty() ? "ttl" : name("ttl");
    route.ttl = std::chrono::duration_cast<std::chrono::seconds>(in.duration(ttl));
    route.store_length = in.on(name("store-length"));
    route.key_rules.ignore = in.texts(name("ignore"));
    if (dialect == chat::Dialect::gkv) route.entries_max = in.count("entries-max");
    out.completions.routes[dialect] = std::move(route);
  }
}

// A tuned profile brings its own floor; one that was set by hand wins.
void read_profile(Reader& in, Config& out) {
  const std::string file = in.text("decision.profile");
  if (file.empty()) return;
  Result<cli::DecisionProfile> profile = cli::load_profile(file);
  if (!profile) {
    in.fault("decision.profile", profile.error().what + "; a file that refrain tune wrote");
    return;
  }
  out.trust.prior = profile->belief;
  out.trust.gates = profile->gates;
  out.trust.anchor = trust::Anchor::none;
  for (auto& [dialect, route] : out.completions.routes) {
    const bool common = in.text("floor").empty() && in.text("decision.alone-floor").empty();
    const bool own = route.rule.alone_floor < policy::kAloneFloor ||
                     route.rule.alone_floor > policy::kAloneFloor;
    if (common && !own) route.rule.alone_floor = static_cast<float>(profile->alone_floor);
  }
}

void read_decision(Reader& in, Config& out) {
  trust::Trust::Options& trust = out.trust;
  trust.budget.explore = in.real("decision.check-share", 0, 1);
  trust.budget.first_checks = static_cast<double>(in.count("decision.first-checks"));
  trust.checks.calls_max = in.count("decision.checks-per-day");
  trust.checks.money_max = in.real("decision.check-money-per-day", 0, 1e9);
  trust.checks.price = in.real("decision.token-price", 0, 1e9);
  if (trust.checks.money_max > 0 && !(trust.checks.price > 0)) {
    in.fault("decision.check-money-per-day", "0, or an amount together with decision.token-price,");
  }
  trust.routes_max = in.count("decision.routes-max");
  trust.texts.bytes_max = in.bytes("decision.texts-max");
  read_profile(in, out);
  out.completions.across_conversations = in.on("decision.across-conversations");
  for (const std::string& gate : in.texts("decision.gates-off")) {
    const std::optional<std::size_t> index = policy::Switches::index_of(gate);
    if (index) trust.gates.turn_off(*index);
    if (!index) {
      in.fault("decision.gates-off", fmt::format("{}", fmt::join(policy::Switches::kNames, ", ")));
    }
  }
  if (out.data_dir != ":memory:") trust.file = out.data_dir + "/trust.state";
  out.journal_words = in.on("journal-words") ? serve::Words::kept : serve::Words::left_out;
}

// A map-only server keeps nothing else: whatever has a folder in data-dir is in memory too.
void read_map(Reader& in, const Values& values, Config& out) {
  out.map_file = home_expanded(in.text("map"));
  if (out.map_file.empty()) return;
  if (values.find("data-dir")->second.origin == "default") out.data_dir = ":memory:";
  if (out.data_dir != ":memory:") in.fault("data-dir", "none beside --map, or ':memory:',");
}

std::vector<std::string> comma_separated(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
  }
  return out;
}

void read_answers_rule(Reader& in, answers::Service::Options& out) {
  const std::string own = "modelcache.semantic";
  const std::string& from = in.text(own).empty() ? "semantic" : own;
  out.rule.mode = mode_of(in.one_of(from, {"verified", "threshold", "off"}));
  out.rule.floor = policy::kWeighedFloor;
  for (const char* floor : {"floor", "modelcache.floor"}) {
    if (in.text(floor).empty()) continue;
    out.rule.floor = out.rule.alone_floor = static_cast<float>(in.real(floor, -1, 1));
  }
  if (!in.text("decision.alone-floor").empty()) {
    out.rule.alone_floor = static_cast<float>(in.real("decision.alone-floor", -1, 1));
  }
  const std::string error = "modelcache.max-error";
  out.rule.error_max = in.real(in.text(error).empty() ? "max-error" : error, 0, 1);
  const bool l2 = in.one_of("modelcache.scale", {"cosine", "l2"}) == "l2";
  out.bare.scale = l2 ? policy::Scale::l2 : policy::Scale::cosine;
  auto threshold = [&in](std::string_view name) {
    return in.text(name).empty() ? std::nullopt : std::optional(in.real(name, 0, 1));
  };
  out.bare.short_threshold = threshold("modelcache.threshold-short");
  out.bare.long_threshold = threshold("modelcache.threshold-long");
  out.bare.short_characters_max = in.count("modelcache.short-chars");
  out.top_k = in.count("modelcache.top-k");
  const std::string choice = in.one_of("modelcache.choice", {"first", "random", "all"});
  out.choice = choice == "all"      ? policy::Choice::all
               : choice == "random" ? policy::Choice::random
                                    : policy::Choice::first;
  out.rerank_floor = in.real("modelcache.rerank-floor", -1e6, 1e6);
}

void read_answers(Reader& in, Config& out) {
  answers::Service::Options& service = out.answers.service;
  read_answers_rule(in, service);
  const std::optional<chat::KeyForm> form = chat::parse_key_form(in.text("modelcache.key"));
  if (!form) {
    in.fault("modelcache.key", "conversation, splice, last-message, last-content, stripped or "
                               "all-contents");
  }
  service.keying.form = form.value_or(chat::KeyForm::conversation);
  service.keying.patterns = in.texts("modelcache.strip");
  const std::string ttl = in.text("modelcache.ttl").empty() ? "ttl" : "modelcache.ttl";
  service.ttl = std::chrono::duration_cast<std::chrono::seconds>(in.duration(ttl));
  if (Result<> good = service.check(); !good) {
    in.fault("modelcache.choice", good.error().what + "; a fitting value");
  }
  out.answers.reranker = in.text("modelcache.reranker");
  out.answers.reranker_model = in.text("modelcache.reranker-model");
  out.answers.reranker_key = in.text("modelcache.reranker-key");
  if (out.answers.reranker != "off" && out.answers.reranker != "verifier" &&
      !out.answers.reranker.starts_with("http")) {
    in.fault("modelcache.reranker", "off, verifier, or a URL,");
  }
  api::ModelcacheDoor::Options& door = out.answers.door;
  door.refused = comma_separated(in.text("modelcache.refused"));
  door.folds_names = in.on("modelcache.fold-names");
  door.workers = in.count("modelcache.workers");
  door.query_deadline = in.duration("modelcache.query-deadline");
  door.insert_deadline = in.duration("modelcache.insert-deadline");
  if (Result<> good = door.check(); !good) {
    in.fault("modelcache.workers", good.error().what + "; a fitting value");
  }
  out.answers.pictures.distance_max = static_cast<int>(std::min<std::size_t>(
      in.count("modelcache.image-distance"), 64));
  if (Result<> good = out.answers.pictures.check(); !good) {
    in.fault("modelcache.image-distance", good.error().what + "; a fitting value");
  }
  answers::Ledger::Options& ledger = out.answers.ledger;
  if (out.data_dir != ":memory:") ledger.path = out.data_dir + "/answers.sqlite";
  ledger.rows_max = in.count("modelcache.log-rows");
  ledger.age_max = in.duration("modelcache.log-age");
  if (Result<> good = ledger.check(); !good) {
    in.fault("modelcache.log-age", good.error().what + "; a fitting value");
  }
}

void read_resp(Reader& in, Config& out) {
  RespConfig& resp = out.resp;
  net::LineLimits limits;
  limits.connections_max = in.count("resp-connections-max");
  limits.idle_timeout = in.duration("resp-idle-timeout");
  for (const std::string& text : in.texts("resp-listen")) {
    net::Listener listener;
    if (!read_address(in, "resp-listen", text, listener)) return;
    listener.limits = limits;
    resp.listeners.push_back(std::move(listener));
  }
  if (out.data_dir != ":memory:") resp.values.folder = out.data_dir + "/values";
  resp.values.memory_max = in.bytes("resp-memory-max");
  resp.values.disk_max = in.bytes("resp-disk-max");
  resp.values.value_max = in.bytes("resp-value-max");
  const bool flushed = in.one_of("resp-sync", {"every-second", "never"}) == "every-second";
  resp.values.sync = flushed ? values::Sync::every_second : values::Sync::never;
  resp.door.flush = in.on("resp-flush");
  resp.values.policy = in.one_of("resp-policy", policy::eviction_names());
  if (base::Result<> good = resp.values.check(); !good) {
    in.fault("resp-memory-max", good.error().what);
  }
}

void read_limits(Reader& in, Config& out) {
  out.net.body_max = in.bytes("body-max");
  out.net.web.message_max = out.net.body_max;
  out.net.web.idle_timeout = in.duration("idle-timeout");
  out.net.header_max = in.bytes("header-max");
  out.net.requests_max = in.count("requests-max");
  out.net.connections_max = in.count("connections-max");
  out.net.header_timeout = in.duration("header-timeout");
  out.net.idle_timeout = in.duration("idle-timeout");
  out.net.threads = in.count("threads");
  out.drain = in.duration("drain");
  out.completions.answer_bytes_max = in.bytes("answer-max");
  out.completions.answer_deadline = in.duration("answer-deadline");
  out.completions.lookup_deadline = in.duration("lookup-deadline");
  out.completions.overlap = in.on("overlap");
  out.completions.flights_max = 2 * out.net.requests_max;
  out.memory_max = in.bytes("memory-max");
  out.memory_policy = in.one_of("memory.policy", policy::eviction_names());
  out.store.bytes_max = in.bytes("disk-max");
  bool flushed = in.one_of("durability", {"power-loss", "process"}) == "power-loss";
  out.store.durability = flushed ? store::Durability::power_loss : store::Durability::process;
  out.journal_max = in.count("journal-max");
}

void read_vectors(Reader& in, Config& out) {
  const std::string kind = in.one_of("index.kind", {"", "memory", "milvus"});
  const std::string url = in.text("vectors");
  if (kind == "memory" && !url.empty()) in.fault("vectors", "a server with index.kind milvus");
  if (url.empty() && kind != "milvus") return;
  base::Result<milvus::Place> place = milvus::parse_place(url.empty() ? "milvus://127.0.0.1" : url);
  if (!place) {
    in.fault("vectors", "milvus://HOST:PORT");
    return;
  }
  out.vectors = std::move(*place);
  out.vectors->key = in.text("vectors-key");
}

void read_store(Reader& in, Config& out) {
  const std::string where = in.text("store");
  out.store.folder = where == "memory" ? ":memory:" : out.data_dir;
  store::Remote& remote = out.store.remote;
  if (where != "sqlite" && where != "memory") {
    remote.url = where;
    if (Result<store::Place> place = store::place_of(where); !place) {
      // Without the value, which may hold a password.
      in.refuse("store", "sqlite, memory, or a URL: " + place.error().what);
    }
  }
  remote.tls = in.one_of("store-tls", {"off", "encrypt", "verify"});
  if (remote.tls != "off" && !where.starts_with("mysql://") && !where.starts_with("mariadb://")) {
    in.fault("store-tls", "off for a store that is not mysql");
  }
  remote.ca_file = in.text("store-ca-file");
  remote.prefix = in.text("store-prefix");
  remote.password = in.text("store-password");
  const std::string file = in.text("store-password-file");
  if (!file.empty()) {
    Result<std::string> text = base::read_file(home_expanded(file), 4096);
    if (!text) in.fault("store-password-file", text.error().what + "; a readable file");
    if (text) remote.password = text->substr(0, text->find_first_of("\r\n"));
  }
  out.store.readers_max = in.count("store-connections");
  if (out.store.readers_max == 0) in.fault("store-connections", "one at least");
  if (Result<> good = out.store.check(); !good) in.fault("store-prefix", good.error().what + ";");
}

void read_kv(Reader& in, Config& out) {
  const std::string folder = home_expanded(in.text("kv-dir"));
  out.kv_on = folder != "off";
  // With ":memory:" the folder is made by who opens the store, and goes with the process.
  const bool memory = out.data_dir == ":memory:";
  out.kv.folder = !folder.empty() ? folder : memory ? "" : out.data_dir + "/kv";
  out.kv.memory_bytes_max = in.bytes("kv-memory-max");
  out.kv.disk_bytes_max = in.bytes("kv-disk-max");
  out.kv.object_bytes_max = in.bytes("kv-object-max");
  out.kv.tenant_bytes_max = in.bytes("kv-quota");
  out.kv.block_tokens = in.count("kv-block-tokens");
  out.kv.durability = out.store.durability == store::Durability::power_loss
                          ? kv::Durability::power_loss
                          : kv::Durability::process;
  kv::Options probe = out.kv;
  probe.folder = "x";
  if (Result<> good = probe.check(); out.kv_on && !good) {
    in.fault("kv-block-tokens", good.error().what + "; a fitting value");
  }
}

void read_model(Reader& in, Config& out) {
  ModelConfig& model = out.model;
  model.file = in.text("model");
  if (!model.file.empty() && !out.upstreams.empty()) {
    in.fault("model", "a file without --upstream, or --upstream without a file,");
  }
  engine::Options& engine = model.engine;
  engine.model_name = in.text("model-name");
  engine.cells = in.count("ctx");
  engine.parallel = in.count("parallel");
  engine.kept_max = in.count("kept");
  engine.batch_tokens = in.count("batch");
  engine.ubatch_tokens = in.count("ubatch");
  engine.chunk_tokens = in.count("chunk");
  engine.threads = in.count("model-threads");
  engine.queue_max = in.count("queue");
  const bool always = in.one_of("reuse", {"by-time", "always"}) == "always";
  engine.reuse_rule = always ? policy::ReuseRule::always : policy::ReuseRule::by_time;
  const std::string save = in.one_of("kv-save", {"answers", "prompts", "off"});
  engine.save = save == "answers"   ? engine::SaveRule::prompts_and_answers
                : save == "prompts" ? engine::SaveRule::prompts
                                    : engine::SaveRule::nothing;
  engine.entries_max = in.count("kv-entries-max");
  engine.entries_ttl =
      std::chrono::duration_cast<std::chrono::seconds>(in.duration("kv-entries-ttl"));
  model.kv_memory_max = out.kv.memory_bytes_max;
  model.kv_block = out.kv.block_tokens;
  model.items_max = in.count("semshare-items");
  if (Result<> good = engine.check(); !good && !model.file.empty()) {
    in.fault("model", good.error().what + "; a file and fitting settings");
  }
}

}  // namespace

Result<Config> configure(const Values& values) {
  Reader in(values);
  Config out;
  read_listeners(in, out);
  read_upstreams(in, out);
  read_routes(in, out);
  read_limits(in, out);
  out.data_dir = home_expanded(in.text("data-dir"));
  if (out.data_dir.empty()) in.fault("data-dir", "a folder, or ':memory:',");
  read_map(in, values, out);
  read_resp(in, out);
  read_vectors(in, out);
  read_answers(in, out);
  out.keys = in.text("keys");
  out.upstream_key = in.text("upstream-key");
  out.default_model = in.text("default-model");
  out.ca_file = in.text("ca-file");
  out.connect_timeout = in.duration("upstream-connect-timeout");
  out.upstream_first_byte = in.duration("upstream-first-byte-timeout");
  out.upstream_idle = in.duration("upstream-idle-timeout");
  out.stream_usage = in.on("stream-usage");
  const bool is_default = values.find("embedder")->second.origin == "default";
  const bool is_exact = !out.map_file.empty() && is_default;
  out.embedder = is_exact ? "off" : in.text("embedder");
  out.embedder_file = in.text("embedder-file");
  out.embedder_contexts = in.count("embedder-contexts");
  read_decision(in, out);
  out.anonymous_admin = in.one_of("admin", {"loopback", "off"}) == "loopback";
  out.log_level = in.one_of("log-level", {"debug", "info", "warn", "error", "off"});
  out.statistics_dir = home_expanded(in.text("statistics-dir"));
  if (out.statistics_dir.empty()) {
    bool memory = out.data_dir == ":memory:";
    out.statistics_dir = memory ? "statistics" : out.data_dir + "/statistics";
  }
  read_store(in, out);
  read_kv(in, out);
  read_model(in, out);
  if (!in.error().empty()) return fail(Code::invalid, in.error());
  return out;
}

}  // namespace refrain::app
