#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "engine/engine.h"
#include "kv/store.h"

namespace refrain::app {

/// How the model of --model is served. kv_memory_max and kv_block count where there is no database
/// of prompt KV.
struct ModelConfig {
  std::string file;  // "": there is none
  engine::Options engine;
  std::uint64_t kv_memory_max = std::uint64_t{512} << 20U;
  std::size_t kv_block = 64;
  std::size_t items_max = 64;  // of the SemShareKV door
};

/// The model, what keeps its KV, and the engine over both; destroyed from the last to the first.
struct LocalModel {
  std::unique_ptr<engine::BlockStore> blocks;
  std::unique_ptr<engine::Engine> engine;
};

/// kv  where prompt KV is kept beyond the process; null: in memory only. It outlives the model.
/// Errors: those of llama::Model::load, KvBlocks::open and engine::Engine::open.
base::Result<LocalModel> open_local_model(const ModelConfig& config, const base::Clock& clock,
                                          kv::Store* kv);

/// GET /v1/models and /v1/models/{id} of this server's own model. path: of the request.
/// Errors: not_found (another model).
base::Result<std::string> models_body(const engine::Engine& engine, std::string_view path);

}  // namespace refrain::app
