#include "app/engine_setup.h"

#include <utility>

#include <fmt/format.h>

#include "app/kv_blocks.h"
#include "base/log.h"
#include "engine/memory_blocks.h"
#include "json/value.h"

namespace refrain::app {

base::Result<LocalModel> open_local_model(const ModelConfig& config, const base::Clock& clock,
                                          kv::Store* kv) {
  TRY(model, llama::Model::load(config.file));
  LocalModel local;
  if (kv != nullptr) {
    TRY(weights, llama::digest_of_file(config.file));
    TRY(blocks, KvBlocks::open(*kv, fingerprint_of(*model, weights)));
    local.blocks = std::move(blocks);
  } else if (config.kv_memory_max > 0) {
    local.blocks = std::make_unique<engine::MemoryBlocks>(engine::MemoryBlocks::Options{
        .block_tokens = config.kv_block, .bytes_max = config.kv_memory_max});
  }
  const base::Instant start = clock.now();
  TRY(engine, engine::Engine::open(model, config.engine, {clock, local.blocks.get()}));
  local.engine = std::move(engine);
  const llama::Model::Facts& facts = local.engine->facts();
  base::log::info("model is served",
                  {{"model", local.engine->model_name()},
                   {"architecture", facts.architecture},
                   {"quantisation", facts.quantisation},
                   {"context_tokens", local.engine->context_tokens()},
                   {"parallel", config.engine.parallel},
                   {"kv_bytes_per_token", local.engine->layout().bytes_per_token()},
                   {"restores", local.engine->trust().restores},
                   {"ms", base::milliseconds_between(start, clock.now())}});
  return local;
}

base::Result<std::string> models_body(const engine::Engine& engine, std::string_view path) {
  json::Value model;
  model.set("id", engine.model_name());
  model.set("object", "model");
  model.set("created", json::Value::of(std::int64_t{0}));
  model.set("owned_by", "refrain");
  model.set("context_length",
            json::Value::of(static_cast<std::uint64_t>(engine.context_tokens())));
  constexpr std::string_view kOne = "/v1/models/";
  if (path.starts_with(kOne)) {
    const std::string_view id = path.substr(kOne.size());
    if (id != engine.model_name()) {
      return base::fail(base::Code::not_found, fmt::format("no model '{}' here, but '{}'", id,
                                                           engine.model_name()));
    }
    return json::write(model);
  }
  json::Value list;
  list.set("object", "list");
  list.set("data", json::Array{std::move(model)});
  return json::write(list);
}

}  // namespace refrain::app
