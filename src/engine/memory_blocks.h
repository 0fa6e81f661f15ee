#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "base/mutex.h"
#include "engine/block_store.h"

namespace refrain::engine {

/// Blocks in memory, as a tree: a block hangs below the one before it. What was not used for
/// longest goes first, but never a block that others hang below.
class MemoryBlocks final : public BlockStore {
 public:
  struct Options {
    std::size_t block_tokens = 64;
    std::uint64_t bytes_max = std::uint64_t{512} << 20U;
  };
  explicit MemoryBlocks(const Options& options) : options_(options) {}

  std::unique_ptr<Match> find(std::string_view realm, std::span<const TokenId> tokens) override;
  base::Result<std::shared_ptr<const llama::Rows>> load(const base::Call& call, const Match& match,
                                                        std::size_t piece) override;
  base::Result<std::unique_ptr<Draft>> begin(NewPrompt prompt) override;
  base::Result<> clear(std::string_view realm) override;
  BlockStats stats() const override;

 private:
  class Found;
  class Incoming;
  struct Node {
    base::Digest parent{};
    std::string realm;
    std::vector<TokenId> tokens;
    std::shared_ptr<const llama::Rows> rows;
    std::set<base::Digest> children;
    std::uint64_t used = 0;
  };
  struct State {
    std::unordered_map<base::Digest, Node, base::DigestHash> nodes;
    std::unordered_map<base::Digest, std::set<base::Digest>, base::DigestHash> roots;
    std::map<std::uint64_t, base::Digest> by_use;
    std::uint64_t ticks = 0;
    BlockStats stats;
  };
  struct Fresh {
    base::Digest id{}, parent{};
    Node node;
  };
  static base::Digest root(std::string_view realm);
  static base::Digest next(const base::Digest& parent, std::span<const TokenId> tokens);
  static std::set<base::Digest>& children_of(State& state, const base::Digest& parent);
  static void touch(State& state, const base::Digest& id);
  static void erase(State& state, const base::Digest& id);
  void add(State& state, Fresh fresh) const;
  static void evict(State& state);

  const Options options_;
  base::Mutex<State> state_;
};

}  // namespace refrain::engine
