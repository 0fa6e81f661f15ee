// A block's name is a digest of its parent's name and its own tokens, so equal beginnings are the
// same chain of blocks whoever saved them. The digest is not cryptographic: tokens are compared on
// every step. The last block of a prompt may be shorter; once a longer one with the same beginning
// comes, it goes. Parents count as used after their children, so that the order of use alone, from
// the oldest on, takes leaves before what they hang below.
#include "engine/memory_blocks.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace refrain::engine {

using base::Digest;
using base::Result;

class MemoryBlocks::Found final : public Match {
 public:
  std::span<const Piece> pieces() const noexcept override { return pieces_; }

  std::vector<Piece> pieces_;
  std::vector<std::shared_ptr<const llama::Rows>> rows_;  // held, whatever is evicted meanwhile
};

class MemoryBlocks::Incoming final : public Draft {
 public:
  Incoming(MemoryBlocks& owner, NewPrompt prompt) : owner_(owner), prompt_(std::move(prompt)) {}

  void want(Fresh fresh, Span span) {
    fresh_.push_back(std::move(fresh));
    wanted_.push_back(span);
  }

  std::span<const Span> wanted() const noexcept override { return wanted_; }

  Result<> write(std::shared_ptr<const llama::Rows> rows) override {
    if (written_ == wanted_.size() || rows->tokens != wanted_[written_].tokens) {
      return base::fail(base::Code::invalid, fmt::format("rows of {} tokens are not wanted",
                                                         rows->tokens));
    }
    fresh_[written_++].node.rows = std::move(rows);
    return {};
  }

  Result<> publish(const base::Call&) override {
    if (written_ != wanted_.size()) {
      return base::fail(base::Code::invalid, fmt::format("{} of {} blocks were written", written_,
                                                         wanted_.size()));
    }
    owner_.state_.with([&](State& state) {
      for (Fresh& fresh : fresh_) owner_.add(state, std::move(fresh));
      // Deepest first, so that parents count as used later.
      for (auto it = fresh_.rbegin(); it != fresh_.rend(); ++it) touch(state, it->id);
      evict(state);
    });
    return {};
  }

 private:
  MemoryBlocks& owner_;
  NewPrompt prompt_;
  std::vector<Fresh> fresh_;
  std::vector<Span> wanted_;
  std::size_t written_ = 0;
};

Digest MemoryBlocks::root(std::string_view realm) {
  return base::digest("realm " + std::string(realm));
}

Digest MemoryBlocks::next(const Digest& parent, std::span<const TokenId> tokens) {
  std::string bytes(reinterpret_cast<const char*>(&parent), sizeof parent);
  bytes.append(reinterpret_cast<const char*>(tokens.data()), tokens.size_bytes());
  return base::digest(bytes);
}

std::set<Digest>& MemoryBlocks::children_of(State& state, const Digest& parent) {
  const auto node = state.nodes.find(parent);
  return node == state.nodes.end() ? state.roots[parent] : node->second.children;
}

void MemoryBlocks::touch(State& state, const Digest& id) {
  const auto node = state.nodes.find(id);
  if (node == state.nodes.end()) return;
  state.by_use.erase(node->second.used);
  node->second.used = ++state.ticks;
  state.by_use[node->second.used] = id;
}

std::unique_ptr<Match> MemoryBlocks::find(std::string_view realm,
                                          std::span<const TokenId> tokens) {
  if (realm.empty()) return nullptr;
  auto found = std::make_unique<Found>();
  state_.with([&](State& state) {
    ++state.stats.finds;
    std::vector<Digest> path;
    Digest parent = root(realm);
    std::size_t at = 0;
    while (at < tokens.size()) {
      const std::span<const TokenId> rest = tokens.subspan(at);
      std::optional<Digest> best;
      std::size_t equal = 0;
      for (const Digest& child : children_of(state, parent)) {
        const auto differs = std::ranges::mismatch(state.nodes.at(child).tokens, rest);
        const auto count = static_cast<std::size_t>(differs.in2 - rest.begin());
        if (count > equal) {
          best = child;
          equal = count;
        }
      }
      if (!best) break;
      const Node& node = state.nodes.at(*best);
      found->pieces_.push_back({{at, node.tokens.size()}, equal, policy::Source::memory});
      found->rows_.push_back(node.rows);
      path.push_back(*best);
      at += equal;
      if (equal < node.tokens.size()) break;
      parent = *best;
    }
    if (state.nodes.empty()) state.roots.clear();
    state.stats.found_tokens += at;
    for (auto it = path.rbegin(); it != path.rend(); ++it) touch(state, *it);
  });
  if (found->pieces_.empty()) return nullptr;
  return found;
}

Result<std::shared_ptr<const llama::Rows>> MemoryBlocks::load(const base::Call&,
                                                              const Match& match,
                                                              std::size_t piece) {
  return static_cast<const Found&>(match).rows_[piece];
}

Result<std::unique_ptr<Draft>> MemoryBlocks::begin(NewPrompt prompt) {
  if (!prompt.name.empty()) {
    return base::fail(base::Code::unsupported,
                      fmt::format("'{}': KV has names only where it lies on disk", prompt.name));
  }
  auto draft = std::make_unique<Incoming>(*this, prompt);
  state_.with([&](State& state) {
    Digest parent = root(prompt.realm);
    for (std::size_t at = 0; at < prompt.tokens.size(); at += options_.block_tokens) {
      const std::size_t count = std::min(options_.block_tokens, prompt.tokens.size() - at);
      const std::span<const TokenId> tokens = std::span(prompt.tokens).subspan(at, count);
      const Digest id = next(parent, tokens);
      if (!state.nodes.contains(id)) {
        Node node{parent, prompt.realm, {tokens.begin(), tokens.end()}, nullptr, {}, 0};
        draft->want({id, parent, std::move(node)}, {at, count});
      }
      parent = id;
    }
  });
  return std::unique_ptr<Draft>(std::move(draft));
}

void MemoryBlocks::add(State& state, Fresh fresh) const {
  if (state.nodes.contains(fresh.id)) return;
  // A parent may have been evicted while the rows were written.
  const bool first = fresh.parent == root(fresh.node.realm);
  if (!first && !state.nodes.contains(fresh.parent)) return;
  std::set<Digest>& siblings = children_of(state, fresh.parent);
  std::vector<Digest> shorter;
  for (const Digest& sibling : siblings) {
    const Node& node = state.nodes.at(sibling);
    const bool begins = node.children.empty() && node.tokens.size() < fresh.node.tokens.size() &&
                        std::equal(node.tokens.begin(), node.tokens.end(),
                                   fresh.node.tokens.begin());
    if (begins) shorter.push_back(sibling);
  }
  for (const Digest& sibling : shorter) erase(state, sibling);
  children_of(state, fresh.parent).insert(fresh.id);
  state.stats.bytes_max = options_.bytes_max;
  state.stats.bytes += fresh.node.rows->bytes.size();
  ++state.stats.blocks;
  ++state.stats.written;
  fresh.node.used = ++state.ticks;
  state.by_use[fresh.node.used] = fresh.id;
  state.nodes.emplace(fresh.id, std::move(fresh.node));
}

void MemoryBlocks::erase(State& state, const Digest& id) {
  const auto node = state.nodes.find(id);
  if (node == state.nodes.end()) return;
  children_of(state, node->second.parent).erase(id);
  state.by_use.erase(node->second.used);
  state.stats.bytes -= node->second.rows->bytes.size();
  --state.stats.blocks;
  state.nodes.erase(node);
}

void MemoryBlocks::evict(State& state) {
  while (state.stats.bytes > state.stats.bytes_max && !state.by_use.empty()) {
    auto oldest = std::ranges::find_if(state.by_use, [&](const auto& entry) {
      return state.nodes.at(entry.second).children.empty();
    });
    if (oldest == state.by_use.end()) return;
    const Digest id = oldest->second;
    erase(state, id);
    ++state.stats.evicted;
  }
}

Result<> MemoryBlocks::clear(std::string_view realm) {
  state_.with([&](State& state) {
    std::vector<Digest> gone;
    for (const auto& [id, node] : state.nodes) {
      if (realm.empty() || node.realm == realm) gone.push_back(id);
    }
    for (const Digest& id : gone) erase(state, id);
    if (state.nodes.empty()) state.roots.clear();
  });
  return {};
}

BlockStats MemoryBlocks::stats() const {
  return state_.with([&](const State& state) {
    BlockStats stats = state.stats;
    stats.bytes_max = options_.bytes_max;
    return stats;
  });
}

}  // namespace refrain::engine
