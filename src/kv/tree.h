#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "kv/block.h"
#include "kv/chain.h"
#include "kv/retention.h"

namespace refrain::kv {

/// What is known of a kept block without reading it.
struct Node {
  base::Digest parent{};  // another block, or the root of a space
  std::vector<Token> tokens{};
  std::uint64_t first = 0;  // number of its first token in the prompt
  std::uint64_t bytes = 0;  // of its file
  bool loose = false;       // kept for prompts to come, even if no object wants it
  std::uint64_t hits = 0;
  base::WallTime used{}, made{};
  double saved = 0;   // seconds that a use saves; 0: unknown
  bool file = false;  // stands for the file of an object, which is no block

  // Of this process:
  std::uint32_t ends = 0;              // objects whose last block this is
  std::uint32_t pins = 0;              // of them pinned or leased
  std::uint32_t holds = 0;             // readers and writers that rely on it
  bool forgotten = false;              // only held: nobody finds it, and its row is gone
  std::shared_ptr<const Block> hot{};  // in memory too
};

/// The blocks of all spaces as trees under their roots. A block is removed only when nothing
/// follows it: a prefix is useful without its tail, a tail never without its prefix. Pure; threads:
/// one.
class Tree {
 public:
  struct Step {
    base::Digest hash{};
    std::size_t first = 0, tokens = 0, usable = 0;
  };

  explicit Tree(std::size_t block_tokens) : block_tokens_(block_tokens) {}

  /// The longest kept beginning of `prompt`, comparing every token. Only the last step may be
  /// usable in part. cost: logarithmic in the number of children per block.
  std::vector<Step> walk(const base::Digest& root, std::span<const Token> prompt) const;
  /// Counts a use of these blocks.
  void use(std::span<const Step> steps, base::WallTime now);

  /// False if the name is taken. The parent is a block that is here, or a root.
  bool add(const base::Digest& hash, Node node);
  /// Null if it is not here. Stays where it is until removed.
  Node* find(const base::Digest& hash);
  const Node* find(const base::Digest& hash) const;
  bool has_children(const base::Digest& hash) const;
  /// A block without children; others are left as they are.
  bool remove(const base::Digest& hash, base::WallTime now);
  /// All of a subtree, from its leaves up, without removing any.
  std::vector<base::Digest> below(const base::Digest& hash) const;
  /// All blocks behind a root, children before their parents; nullopt: behind every root.
  std::vector<base::Digest> behind(const std::optional<base::Digest>& root) const;
  /// From the first block to this one.
  std::vector<base::Digest> path(const base::Digest& hash) const;
  /// Blocks that nothing needs any more, from `hash` up: no object ends there, nothing follows, not
  /// loose, not held. In the order in which they can be removed.
  std::vector<base::Digest> unneeded(const base::Digest& hash) const;

  /// Childless siblings whose tokens are a true beginning of this block's.
  std::vector<base::Digest> beginnings_of(const base::Digest& hash) const;

  /// The least valuable blocks of at least `bytes` together, in the order in which they can be
  /// removed; fewer if the rest is held or pinned. Removes nothing.
  std::vector<base::Digest> victims(std::uint64_t bytes, base::WallTime now);
  /// The same for blocks in memory: drops them from there, and returns the bytes.
  std::uint64_t cool(std::uint64_t bytes, base::WallTime now);
  void warm(const base::Digest& hash, std::shared_ptr<const Block> block);

  std::size_t size() const noexcept { return nodes_.size(); }
  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t hot_bytes() const noexcept { return hot_bytes_; }
  std::size_t hot_blocks() const noexcept { return hot_blocks_; }
  template <class Visit>
  void each(Visit&& visit) const {
    for (const auto& [hash, node] : nodes_) visit(hash, node);
  }

 private:
  struct Child {
    const std::vector<Token>* tokens;
    base::Digest hash;
  };
  struct Order {
    bool operator()(const Child& left, const Child& right) const;
  };
  using Children = std::set<Child, Order>;

  const Child* best(const base::Digest& parent, std::span<const Token> rest) const;
  // From these on downwards, children before their parents.
  std::vector<base::Digest> downwards(std::vector<base::Digest> from) const;
  BlockFacts facts(const Node& node, base::WallTime now) const;
  bool free(const Node& node) const { return node.holds == 0 && node.pins == 0; }

  std::size_t block_tokens_;
  std::unordered_map<base::Digest, Node, base::DigestHash> nodes_;
  std::unordered_map<base::Digest, Children, base::DigestHash> children_;
  Retention retention_;
  std::uint64_t bytes_ = 0, hot_bytes_ = 0;
  std::size_t hot_blocks_ = 0;
};

}  // namespace refrain::kv
