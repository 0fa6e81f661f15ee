#pragma once

#include <memory>
#include <string>

#include "base/metric.h"
#include "engine/block_store.h"
#include "kv/store.h"
#include "llama/identity.h"

namespace refrain::app {

/// The fingerprint under which rows of this model are kept: everything that must be equal for
/// another process to use them. weights  digest_of_file() of the model file.
kv::Fingerprint fingerprint_of(const llama::Model& model, const std::string& weights);

/// The engine's blocks in the prompt-KV database: memory, then disk, found again after a restart
/// and by whoever shares the store. A realm is a tenant. Threads: any.
class KvBlocks final : public engine::BlockStore {
 public:
  /// Errors: unsupported (a model whose layers differ in their rows).
  static base::Result<std::unique_ptr<KvBlocks>> open(kv::Store& store,
                                                      const kv::Fingerprint& fingerprint);

  std::unique_ptr<engine::Match> find(std::string_view realm,
                                      std::span<const engine::TokenId> tokens) override;
  base::Result<std::shared_ptr<const llama::Rows>> load(const base::Call& call,
                                                        const engine::Match& match,
                                                        std::size_t piece) override;
  base::Result<std::unique_ptr<engine::Draft>> begin(engine::NewPrompt prompt) override;
  /// Named objects, and what they are made of, stay.
  base::Result<> clear(std::string_view realm) override;
  engine::BlockStats stats() const override;

 private:
  class Found;
  class Incoming;
  KvBlocks(kv::Store& store, const kv::Fingerprint& fingerprint, llama::RowLayout layout)
      : store_(store), fingerprint_(fingerprint), layout_(std::move(layout)) {}

  kv::Store& store_;
  const kv::Fingerprint fingerprint_;
  const llama::RowLayout layout_;
};

}  // namespace refrain::app
