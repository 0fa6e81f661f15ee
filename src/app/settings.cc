#include "app/settings.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "app/decision_settings.h"
#include "app/toml.h"
#include "base/file.h"

namespace refrain::app {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::uint64_t kFileMax = 16 << 20;

std::vector<Setting> resp_settings() {
  return {
    {"resp-listen", "", "address:port of the RESP door (Redis's protocol); more than one", true},
    {"resp-memory-max", "1GiB", "of the RESP door's values in memory"},
    {"resp-disk-max", "32GiB", "of the files of its values"},
    {"resp-value-max", "8GiB", "of one of its values"},
    {"resp-sync", "never",
     "flush its values to the device: never (kill -9 loses nothing) or every-second"},
    {"resp-policy", "s3fifo", "which of its values leave, as 'memory.policy'"},
    {"resp-flush", "off", "FLUSHDB and FLUSHALL of one's own keys"},
    {"resp-connections-max", "10000", "of the RESP door"},
    {"resp-idle-timeout", "0", "of its connections between commands; 0 never"}};
}

std::vector<Setting> door_settings() {
  std::vector<Setting> list;
  for (const char* door : {"chat", "completions", "embeddings", "tgi", "gkv"}) {
    auto add = [&](std::string_view what, std::string initial, std::string help,
                   bool more = false) {
      list.push_back({fmt::format("{}.{}", door, what), std::move(initial), std::move(help), more});
    };
    add("semantic", "", "mode of this door; empty: as 'semantic'");
    add("floor", "", "cosine floor of this door; empty: as 'floor'");
    add("max-error", "", "error budget of this door; empty: as 'max-error'");
    add("ttl", "", "of this door; empty: as 'ttl'");
    add("store-length",
        std::string_view(door) == "tgi" || std::string_view(door) == "gkv" ? "on" : "off",
        "keep answers that ended at their limit");
    add("ignore", "", "top-level members of the body that are left out of the key", true);
  }
  return list;
}

// In tables of the file; these stand at the end, since what follows a table belongs to it.
std::vector<Setting> table_settings() {
  return {{"memory.policy", "s3fifo",
           "who leaves the full front: s3fifo, lru, lfu, fifo, random, w-tinylfu or arc"},
          {"index.kind", "", "where vectors are: memory or milvus; empty: milvus with --vectors"}};
}

std::vector<Setting> store_settings() {
  return {{"store", "sqlite",
           "where entries are kept: sqlite (in the data folder), memory, "
           "mysql://user@host:port/database or redis://host:port/number"},
          {"store-password", "", "of the store's user; better by environment or file", false, true},
          {"store-password-file", "", "file whose first line is that password"},
          {"store-tls", "off", "to mysql: off, encrypt (whoever answers) or verify"},
          {"store-ca-file", "", "certificates for store-tls verify; the system's if empty"},
          {"store-prefix", "refrain", "of the store's tables or keys"},
          {"store-connections", "16", "that read from a store on a server, at most"}};
}

std::vector<Setting> model_settings() {
  return {
      {"model", "", "GGUF file that is served in this process, in place of an upstream"},
      {"model-name", "", "what replies and /v1/models call it; its own name if empty"},
      {"ctx", "8192", "tokens in the model's cells, of all running and kept prompts"},
      {"parallel", "8", "answers that the model writes at once"},
      {"kept", "24", "finished prompts that stay in the cells"},
      {"batch", "512", "tokens of one step"},
      {"ubatch", "512", "tokens of one graph"},
      {"chunk", "128", "prompt tokens of one step while answers are being written"},
      {"model-threads", "0", "that compute; 0 is all cores"},
      {"queue", "256", "prompts that wait for the model; more are 503"},
      {"reuse", "by-time", "by-time: prompt KV is restored where that is faster; always"},
      {"kv-save", "answers", "kept outside the cells: answers (with prompts), prompts, off"},
      {"kv-entries-max", "1000", "computed prompts that the native door lists"},
      {"kv-entries-ttl", "1h", "of such an entry"},
      {"semshare-items", "64", "names that the SemShareKV door keeps per tenant"}};
}

std::vector<Setting> modelcache_settings() {
  return {
      {"modelcache.semantic", "", "mode of this door; empty: as 'semantic'"},
      {"modelcache.floor", "", "cosine floor of its verified mode; empty: as 'floor'"},
      {"modelcache.max-error", "", "error budget of its verified mode; empty: as 'max-error'"},
      {"modelcache.ttl", "", "of this door; empty: as 'ttl'"},
      {"modelcache.key", "conversation",
       "what of a query is its key: conversation, splice, last-message, last-content, stripped or "
       "all-contents"},
      {"modelcache.strip", "", "texts that key form stripped takes out", true},
      {"modelcache.scale", "cosine", "of threshold mode: cosine or l2"},
      {"modelcache.threshold-short", "", "0 to 1; empty: 0.9 for cosine, 0.95 for l2"},
      {"modelcache.threshold-long", "", "the same for long questions"},
      {"modelcache.short-chars", "256", "characters up to which a question is short"},
      {"modelcache.top-k", "1", "candidates of threshold mode"},
      {"modelcache.choice", "first", "of the candidates that fit: first, random or all"},
      {"modelcache.reranker", "off",
       "judges the candidates again: off, verifier, or the URL of a server that speaks TEI's or "
       "Cohere's protocol"},
      {"modelcache.reranker-model", "", "model that such a server is asked for"},
      {"modelcache.reranker-key", "", "API key for it", false, true},
      {"modelcache.rerank-floor", "0.5", "least score of a candidate, on the reranker's scale"},
      {"modelcache.refused", "DI_COPILOT_SECOND,DI_COPILOT_LAB,DI_COPILOT_THIRD",
       "models that are neither queried nor filled, separated by commas"},
      {"modelcache.fold-names", "off", "models a-b, a.b and a_b are one, as in the reference"},
      {"modelcache.image-distance", "6", "bits of 64 in which the looks of an image may differ"},
      {"modelcache.workers", "4", "requests that are looked up at once"},
      {"modelcache.query-deadline", "10s", "of a query; then it is errorCode 201 or 202"},
      {"modelcache.insert-deadline", "10m", "of an insert or remove"},
      {"modelcache.log-rows", "100000", "queries kept in the log; 0 logs nothing"},
      {"modelcache.log-age", "30d", "of a row in the log"}};
}

std::vector<Setting> all_settings() {
  std::vector<Setting> list = {
      {"listen", "127.0.0.1:8780", "address:port[=door,door...]; more than one may be given", true},
      {"tls-cert", "", "certificate file (PEM) for all listeners"},
      {"tls-key", "", "key file (PEM) of the certificate"},
      {"data-dir", "~/.local/share/refrain", "what is kept; ':memory:' keeps nothing"},
      {"map", "",
       "file of a map-only server: answers in memory, kept there over a clean stop; no store, and "
       "no embedder unless one is given"},
      {"keys", "", "file of API keys and their tenants"},
      {"upstream", "", "the model API behind: URL, or NAME=URL more than once", true},
      {"upstream-kind", "openai",
       "dialect of the upstream: openai or tgi; NAME=KIND for one of several", true},
      {"upstream-key", "", "API key that the upstream gets in place of the client's", false, true},
      {"upstream-routes", "", "MODEL=NAME or PREFIX*=NAME: which upstream serves which", true},
      {"default-model", "", "model of requests that name none (TGI, GKV, ask, insert)"},
      {"upstream-connect-timeout", "5s", "to the upstream"},
      {"upstream-first-byte-timeout", "120s", "until a stream's first byte from the upstream"},
      {"upstream-idle-timeout", "120s", "between two bytes from the upstream"},
      {"answer-deadline", "10m", "of one answer, from the upstream's question to its last byte"},
      {"stream-usage", "on", "ask streaming upstreams for usage although the client did not"},
      {"ca-file", "", "certificates that upstreams are checked against; the system's if empty"},
      {"embedder", "minilm", "minilm, gguf:FILE, http:URL, table:FILE or off"},
      {"embedder-file", "", "GGUF file of minilm; found beside the program if empty"},
      {"embedder-contexts", "0", "threads that embed; 0 is one less than the cores"},
      {"semantic", "verified", "verified, threshold or off"},
      {"floor", "", "cosine floor of all doors; empty: each mode's own"},
      {"max-error", "0.01", "wrong answers allowed among verified mode's hits, 0 to 1"},
      {"lookup-deadline", "500ms", "of the store and semantic look-up together; then it is a miss"},
      {"overlap", "off", "ask the model while the embedder works; a semantic hit cancels it"},
      {"ttl", "30d", "life of an entry from its storing"},
      {"entries-max", "1000", "entries per scope at the GKV door, least recently used first"},
      {"memory-max", "256MiB", "of the memory front"},
      {"disk-max", "8GiB", "of the store's files, or of its records in a database"},
      {"vectors", "", "Milvus server that holds the vectors: milvus://HOST:PORT"},
      {"vectors-key", "", "user:password or token of that server", false, true},
      {"kv-dir", "", "prompt KV; DATA-DIR/kv if empty, off for none"},
      {"kv-memory-max", "512MiB", "of KV blocks held in memory"},
      {"kv-disk-max", "8GiB", "of KV files; the least valuable go"},
      {"kv-object-max", "4GiB", "of one KV object; more is 413"},
      {"kv-quota", "0", "of one tenant's named KV objects; more is 507; 0 is kv-disk-max"},
      {"kv-block-tokens", "256", "tokens of a KV block, 16 to 4096"},
      {"durability", "power-loss", "power-loss (flushed to the device) or process"},
      {"body-max", "32MiB", "of a request; more is 413"},
      {"header-max", "64KiB", "of a request's head; more is 431"},
      {"requests-max", "10000", "open at once; more is 503"},
      {"connections-max", "20000", "open at once"},
      {"answer-max", "64MiB", "of one answer in the making"},
      {"header-timeout", "10s", "from the first to the last byte of a head"},
      {"idle-timeout", "75s", "of a connection between requests"},
      {"drain", "30s", "for running requests at the end"},
      {"threads", "0", "that serve the network; 0 is one less than the cores"},
      {"journal-max", "10000", "decisions kept for explain"},
      {"journal-words", "on", "explain names the numbers and words by which questions differ"},
      {"statistics-dir", "", "of /data/start; DATA-DIR/statistics if empty"},
      {"admin", "loopback",
       "loopback: this machine itself may use the native door without a key; off"},
      {"log-level", "info", "debug, info, warn, error or off"}};
  for (const auto& more :
       {resp_settings(), store_settings(), model_settings(), modelcache_settings(),
        door_settings(), decision_settings(), table_settings()}) {
    list.insert(list.end(), more.begin(), more.end());
  }
  return list;
}

const Setting* find(std::string_view name) {
  const auto& list = settings();
  auto found = std::ranges::find_if(list, [&](const Setting& s) { return s.name == name; });
  return found == list.end() ? nullptr : &*found;
}

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* word = node.as_boolean()) return word->get() ? "on" : "off";
  return std::nullopt;
}

Result<> take(const toml::node& node, const std::string& name, const std::string& file,
              Values& values) {
  const Setting* setting = find(name);
  auto line = node.source().begin.line;
  if (!setting) {
    return fail(Code::invalid, fmt::format("{} line {}: unknown setting '{}'; refrain serve "
                                           "--print-config lists them all",
                                           file, line, name));
  }
  auto wrong = [&](std::string_view what) {
    return fail(Code::invalid, fmt::format("{} line {}: '{}' {}", file, line, name, what));
  };
  constexpr std::string_view kWanted = "wants a text, a number or true and false";
  std::vector<std::string> texts;
  if (const toml::array* array = node.as_array()) {
    if (!setting->list) return wrong("takes one value, not a list");
    for (const toml::node& item : *array) {
      std::optional<std::string> text = text_of(item);
      if (!text) return wrong(kWanted);
      texts.push_back(std::move(*text));
    }
  } else {
    std::optional<std::string> text = text_of(node);
    if (!text) return wrong(kWanted);
    texts.push_back(std::move(*text));
  }
  values[name] = {std::move(texts), "file " + file};
  return {};
}

Result<> read_file(const std::string& file, Values& values) {
  base::Result<std::string> text = base::read_file(file, kFileMax);
  if (!text) return fail(Code::invalid, text.error().what);
  return read_settings(*text, file, values);
}

std::string overlay_of(const std::string& file, const std::string& profile) {
  std::filesystem::path path(file);
  std::string name = path.stem().string() + "." + profile + path.extension().string();
  return (path.parent_path() / name).string();
}

// A TOML string: no byte of it ends the line.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

Result<> read_settings(std::string_view text, const std::string& file, Values& values) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& problem) {
    return fail(Code::invalid, fmt::format("{} line {}: {}", file, problem.source().begin.line,
                                           problem.description()));
  }
  for (auto&& [name, node] : table) {
    std::string top(name.str());
    if (const toml::table* inner = node.as_table()) {
      for (auto&& [part, value] : *inner) {
        TRY_DO(take(value, top + "." + std::string(part.str()), file, values));
      }
    } else {
      TRY_DO(take(node, top, file, values));
    }
  }
  return {};
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> list = all_settings();
  return list;
}

std::string flag_of(const Setting& setting) {
  std::string flag = "--" + setting.name;
  std::ranges::replace(flag, '.', '-');
  return flag;
}

std::string environment_of(const Setting& setting) {
  std::string name = "REFRAIN_" + setting.name;
  for (char& c : name) {
    c = c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

Result<Values> layer(const Sources& sources) {
  Values values;
  for (const Setting& setting : settings()) {
    Value value;
    if (!setting.initial.empty()) value.texts = {setting.initial};
    values[setting.name] = std::move(value);
  }
  if (!sources.file.empty()) {
    if (!std::filesystem::exists(sources.file)) {
      return fail(Code::invalid, fmt::format("--config {}: no such file", sources.file));
    }
    TRY_DO(read_file(sources.file, values));
    if (!sources.profile.empty()) {
      std::string overlay = overlay_of(sources.file, sources.profile);
      if (!std::filesystem::exists(overlay)) {
        return fail(Code::invalid,
                    fmt::format("--profile {}: no file {}", sources.profile, overlay));
      }
      TRY_DO(read_file(overlay, values));
    }
  } else if (!sources.profile.empty()) {
    return fail(Code::invalid, fmt::format("--profile {}: it overlays a settings file; name that "
                                           "by --config or REFRAIN_CONFIG",
                                           sources.profile));
  }
  for (const Setting& setting : settings()) {
    auto set = sources.environment.find(environment_of(setting));
    if (set == sources.environment.end()) continue;
    std::vector<std::string> texts;
    std::string_view rest = set->second;
    while (setting.list && rest.find(';') != std::string_view::npos) {
      texts.emplace_back(rest.substr(0, rest.find(';')));
      rest = rest.substr(rest.find(';') + 1);
    }
    texts.emplace_back(rest);
    values[setting.name] = {std::move(texts), "environment " + set->first};
  }
  for (const auto& [name, texts] : sources.flags) {
    values[name] = {texts, "flag " + flag_of(*find(name))};
  }
  return values;
}

std::string print(const Values& values) {
  std::string out;
  std::string table;
  for (const Setting& setting : settings()) {
    const Value& value = values.at(setting.name);
    std::size_t dot = setting.name.find('.');
    std::string own = dot == std::string::npos ? "" : setting.name.substr(0, dot);
    if (own != table) out += fmt::format("\n[{}]\n", own);
    table = own;
    std::string text;
    for (const std::string& item : value.texts) {
      if (!text.empty()) text += ", ";
      text += setting.secret && !item.empty() ? "\"***\"" : quoted(item);
    }
    if (setting.list) text = "[" + text + "]";
    if (text.empty()) text = "\"\"";
    std::string name = dot == std::string::npos ? setting.name : setting.name.substr(dot + 1);
    out += fmt::format("{} = {}  # {}\n", name, text, value.origin);
  }
  return out;
}

}  // namespace refrain::app
