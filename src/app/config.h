#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/resp.h"
#include "app/answers_setup.h"
#include "app/engine_setup.h"
#include "app/settings.h"
#include "kv/store.h"
#include "milvus/client.h"
#include "net/server.h"
#include "serve/completions.h"
#include "store/store.h"
#include "values/values.h"

namespace refrain::app {

struct UpstreamSetting {
  std::string name, url, kind;
};

/// The RESP door; off without a listener.
struct RespConfig {
  std::vector<net::Listener> listeners;  // without their Talks
  values::Options values;
  api::RespDoor::Options door;
};

/// All settings, read and checked.
struct Config {
  net::Options net;
  std::chrono::milliseconds drain{};
  std::string data_dir;  // ":memory:" or an absolute path
  std::string map_file;  // "": entries are in data_dir
  std::string keys;
  std::vector<UpstreamSetting> upstreams;
  std::vector<std::pair<std::string, std::string>> upstream_routes;  // pattern, name
  std::string upstream_key, default_model, ca_file;
  std::chrono::milliseconds connect_timeout{}, upstream_first_byte{}, upstream_idle{};
  bool stream_usage = true;
  ModelConfig model;
  std::string embedder, embedder_file;
  std::size_t embedder_contexts = 0;
  serve::Completions::Options completions;
  std::uint64_t memory_max = 0;
  std::string memory_policy;  // one of policy::eviction_names()
  store::Options store;
  RespConfig resp;
  AnswersConfig answers;
  bool kv_on = true;
  kv::Options kv;
  std::optional<milvus::Place> vectors;  // none: in this process
  std::size_t journal_max = 0;
  serve::Words journal_words = serve::Words::kept;
  trust::Trust::Options trust;
  std::string statistics_dir;
  bool anonymous_admin = true;
  std::string log_level;
};

/// Errors: invalid; one line that names the setting, the value, where it came from and what is
/// allowed.
base::Result<Config> configure(const Values& values);

}  // namespace refrain::app
