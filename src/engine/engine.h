#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/pool.h"
#include "chat/flight.h"
#include "engine/block_store.h"
#include "engine/entries.h"
#include "engine/options.h"
#include "engine/stats.h"
#include "llama/model.h"
#include "llama/self_test.h"

namespace refrain::engine {

/// A model in this process, as a producer of answers: continuous batching on one model thread,
/// prompts served by the highest rung of the reuse ladder that applies. Threads: any.
class Engine final : public chat::Producer {
 public:
  struct Rooms {
    const base::Clock& clock;
    BlockStore* blocks = nullptr;  // null: nothing is kept outside the cells; outlives the engine
  };

  /// Makes the context and tries it (llama::self_test). A model whose cells cannot be restored is
  /// served without that; see trust(). Errors: invalid (options), unsupported (the model does not
  /// write text), internal.
  static base::Result<std::unique_ptr<Engine>> open(std::shared_ptr<const llama::Model> model,
                                                    Options options, Rooms rooms);
  ~Engine() override;

  /// See chat::Producer. Ends: invalid (what the request says, or a prompt beyond the context, with
  /// the numbers), unsupported, busy (queue_max prompts wait), cancelled, deadline.
  void start(const base::Call& call, const chat::Request& request,
             std::shared_ptr<chat::Flight> flight) override;

  /// Forgets kept sequences, entries and blocks of a realm; "": of all. What is being answered
  /// meanwhile is kept when it ends. Waits for a step of the model and for the disk. Returns how
  /// many entries. Errors: io, unavailable.
  base::Result<std::size_t> clear(const std::string& realm);
  std::optional<Entry> entry(const std::string& id, const std::string& realm);

  const llama::Trust& trust() const noexcept;
  const llama::Model::Facts& facts() const noexcept;
  const llama::RowLayout& layout() const noexcept;
  const std::string& model_name() const noexcept;
  std::size_t context_tokens() const noexcept;  // of prompt and answer together
  Stats stats() const;
  /// Unfinished answers end with `cancelled`. Idempotent.
  void stop();

 private:
  struct Parts;
  explicit Engine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace refrain::engine
