#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/pool.h"
#include "key/tenant.h"
#include "kv/store.h"
#include "net/server.h"
#include "serve/collector.h"
#include "serve/completions.h"
#include "serve/embeddings.h"
#include "serve/entries.h"
#include "serve/feedback.h"
#include "serve/forward.h"
#include "serve/journal.h"
#include "serve/prompt_kv.h"

namespace refrain::api {

class ModelcacheDoor;
class MulticacheDoor;

/// What a probe of readiness says: "" is ready, else why not.
using ReadyProbe = std::function<std::string()>;
/// More metrics, as lines of Prometheus text, from rooms that serve does not know (net, fetch).
using MoreMetrics = std::function<void(std::string&)>;

/// Everything the doors use; made by app, outlives the server.
struct Context {
  serve::Completions& completions;
  serve::Embeddings& embeddings;
  serve::Entries& entries;
  serve::Collector& collector;
  serve::Forward& forward;
  serve::Journal& journal;
  const key::Tenants& tenants;
  base::Pool& work;      // what blocks: the native door
  base::Clock& clock;
  std::string version;
  std::string default_model;      // of TGI's info
  std::size_t requests_max = 10000;
  std::vector<std::string> listener_doors{};  // per listener: "" is all, else "openai,gkv"
  serve::PromptKv* prompt_kv = nullptr;       // of the embedded engine, or of none
  std::size_t context_tokens = 0;             // of TGI's info; 0: not known
  ReadyProbe ready{};
  MoreMetrics more_metrics{};
  kv::Store* kv = nullptr;  // null: there are no KV doors
  serve::Feedback* feedback = nullptr;  // of the native door; null: there is none
  ModelcacheDoor* modelcache = nullptr;  // null: there is no such door
  MulticacheDoor* multicache = nullptr;  // there if modelcache is
};

/// One request at a door: who asks, and under which id.
struct Visit {
  std::shared_ptr<net::Exchange> exchange;
  std::string id;
  key::Tenant tenant;
  bool certain = true;            // false: nobody knows whose request this is
};

/// The ask of a visit without places.
serve::Ask ask_of(const Visit& visit, chat::Request request, key::Controls controls);

/// Replies JSON.
void reply_json(const Visit& visit, int status, std::string body);

}  // namespace refrain::api
