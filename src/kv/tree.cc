// Children of a block are ordered by their tokens. The longest common beginning with a prompt is
// then that of a neighbour of the place where the prompt would stand: whatever lies further away
// differs earlier. So a root with a hundred thousand prompts is searched by some seventeen
// comparisons.
#include "kv/tree.h"

#include <algorithm>
#include <chrono>

namespace refrain::kv {
namespace {

std::size_t common(std::span<const Token> left, std::span<const Token> right) {
  const std::size_t length = std::min(left.size(), right.size());
  const auto differ = std::mismatch(
      left.begin(), left.begin() + static_cast<std::ptrdiff_t>(length), right.begin());
  return static_cast<std::size_t>(differ.first - left.begin());
}

double seconds_between(base::WallTime from, base::WallTime to) {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

}  // namespace

bool Tree::Order::operator()(const Child& left, const Child& right) const {
  return std::ranges::lexicographical_compare(*left.tokens, *right.tokens);
}

// A child that is a beginning of `rest` as a whole wins over a longer one with as many equal
// tokens: one can go on behind it.
const Tree::Child* Tree::best(const base::Digest& parent, std::span<const Token> rest) const {
  const auto found = children_.find(parent);
  if (found == children_.end()) return nullptr;
  const std::vector<Token> wanted(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                   rest.size(), kBlockTokensMax)));
  const Children& all = found->second;
  const auto above = all.upper_bound(Child{&wanted, {}});
  const Child* out = nullptr;
  std::size_t length = 0;
  if (above != all.begin()) {
    out = &*std::prev(above);
    length = common(*out->tokens, rest);
  }
  if (above != all.end() && common(*above->tokens, rest) > length) {
    out = &*above;
    length = common(*out->tokens, rest);
  }
  return length == 0 ? nullptr : out;
}

std::vector<Tree::Step> Tree::walk(const base::Digest& root, std::span<const Token> prompt) const {
  std::vector<Step> steps;
  base::Digest at = root;
  std::size_t done = 0;
  while (done < prompt.size()) {
    const Child* child = best(at, prompt.subspan(done));
    if (!child || nodes_.at(child->hash).forgotten) break;
    const std::size_t usable = common(*child->tokens, prompt.subspan(done));
    steps.push_back({child->hash, done, child->tokens->size(), usable});
    done += usable;
    if (usable < child->tokens->size()) break;
    at = child->hash;
  }
  return steps;
}

BlockFacts Tree::facts(const Node& node, base::WallTime now) const {
  return {.age = seconds_between(node.used, now),
          .hits = node.hits,
          .partial = !node.file && node.ends == 0 && node.tokens.size() < block_tokens_,
          .bytes = node.bytes,
          .saved = node.saved};
}

void Tree::use(std::span<const Step> steps, base::WallTime now) {
  for (const Step& step : steps) {
    Node* node = find(step.hash);
    if (!node) continue;
    retention_.used(facts(*node, now));
    ++node->hits;
    node->used = now;
  }
}

bool Tree::add(const base::Digest& hash, Node node) {
  const std::uint64_t bytes = node.bytes;
  const auto [place, fresh] = nodes_.try_emplace(hash, std::move(node));
  if (!fresh) return false;
  children_[place->second.parent].insert({&place->second.tokens, hash});
  bytes_ += bytes;
  return true;
}

Node* Tree::find(const base::Digest& hash) {
  const auto found = nodes_.find(hash);
  return found == nodes_.end() ? nullptr : &found->second;
}

const Node* Tree::find(const base::Digest& hash) const {
  const auto found = nodes_.find(hash);
  return found == nodes_.end() ? nullptr : &found->second;
}

bool Tree::has_children(const base::Digest& hash) const { return children_.contains(hash); }

bool Tree::remove(const base::Digest& hash, base::WallTime now) {
  const auto found = nodes_.find(hash);
  if (found == nodes_.end() || has_children(hash)) return false;
  Node& node = found->second;
  retention_.gone(facts(node, now));
  const auto family = children_.find(node.parent);
  const auto self = std::ranges::find(family->second, hash, &Child::hash);
  if (self != family->second.end()) family->second.erase(self);
  if (family->second.empty()) children_.erase(family);
  warm(hash, nullptr);
  bytes_ -= node.bytes;
  nodes_.erase(found);
  return true;
}

std::vector<base::Digest> Tree::downwards(std::vector<base::Digest> from) const {
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto family = children_.find(from[i]);
    if (family == children_.end()) continue;
    for (const Child& child : family->second) from.push_back(child.hash);
  }
  std::ranges::reverse(from);
  return from;
}

std::vector<base::Digest> Tree::below(const base::Digest& hash) const {
  return find(hash) ? downwards({hash}) : std::vector<base::Digest>{};
}

std::vector<base::Digest> Tree::behind(const std::optional<base::Digest>& root) const {
  std::vector<base::Digest> first;
  if (!root) {
    for (const auto& [hash, node] : nodes_) {
      if (!node.file && node.first == 0) first.push_back(hash);
    }
  } else if (const auto family = children_.find(*root); family != children_.end()) {
    for (const Child& child : family->second) first.push_back(child.hash);
  }
  return downwards(std::move(first));
}

std::vector<base::Digest> Tree::path(const base::Digest& hash) const {
  std::vector<base::Digest> out;
  base::Digest at = hash;
  while (const Node* node = find(at)) {
    out.push_back(at);
    at = node->parent;
  }
  std::ranges::reverse(out);
  return out;
}

std::vector<base::Digest> Tree::unneeded(const base::Digest& hash) const {
  std::vector<base::Digest> out;
  base::Digest at = hash;
  std::size_t following = 0;  // children that are on the list already
  while (const Node* node = find(at)) {
    const auto family = children_.find(at);
    const std::size_t children = family == children_.end() ? 0 : family->second.size();
    if (children > following || node->ends > 0 || node->loose || node->holds > 0) break;
    out.push_back(at);
    at = node->parent;
    following = 1;
  }
  return out;
}

// They stand right before it in the order of tokens, mixed with nothing else that is shorter.
std::vector<base::Digest> Tree::beginnings_of(const base::Digest& hash) const {
  std::vector<base::Digest> out;
  const Node* node = find(hash);
  if (!node) return out;
  const Children& family = children_.at(node->parent);
  for (std::size_t length = 1; length < node->tokens.size(); ++length) {
    const std::vector<Token> start(node->tokens.begin(),
                                   node->tokens.begin() + static_cast<std::ptrdiff_t>(length));
    const auto sibling = family.find(Child{&start, {}});
    if (sibling != family.end() && !has_children(sibling->hash)) out.push_back(sibling->hash);
  }
  return out;
}

namespace {

struct Candidate {
  double worth;
  std::uint64_t first;  // of equal worth the later one goes: it is of less use to others
  base::Digest hash;
  bool operator<(const Candidate& other) const {
    return worth != other.worth ? worth > other.worth : first < other.first;
  }
};

}  // namespace

std::vector<base::Digest> Tree::victims(std::uint64_t bytes, base::WallTime now) {
  retention_.learn();
  std::vector<Candidate> heap;
  for (const auto& [hash, node] : nodes_) {
    if (free(node) && !has_children(hash)) {
      heap.push_back({retention_.worth(facts(node, now)), node.first, hash});
    }
  }
  std::make_heap(heap.begin(), heap.end());
  std::vector<base::Digest> out;
  std::unordered_map<base::Digest, std::size_t, base::DigestHash> gone;  // children per parent
  std::uint64_t sum = 0;
  while (sum < bytes && !heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const base::Digest hash = heap.back().hash;
    heap.pop_back();
    const Node& node = nodes_.at(hash);
    out.push_back(hash);
    sum += node.bytes;
    const Node* parent = find(node.parent);
    if (!parent || !free(*parent)) continue;
    if (++gone[node.parent] < children_.at(node.parent).size()) continue;
    heap.push_back({retention_.worth(facts(*parent, now)), parent->first, node.parent});
    std::push_heap(heap.begin(), heap.end());
  }
  return out;
}

void Tree::warm(const base::Digest& hash, std::shared_ptr<const Block> block) {
  Node* node = find(hash);
  if (!node) return;
  if (node->hot) {
    hot_bytes_ -= node->hot->file().size();
    --hot_blocks_;
  }
  node->hot = std::move(block);
  if (node->hot) {
    hot_bytes_ += node->hot->file().size();
    ++hot_blocks_;
  }
}

std::uint64_t Tree::cool(std::uint64_t bytes, base::WallTime now) {
  std::vector<Candidate> warm_ones;
  for (const auto& [hash, node] : nodes_) {
    if (node.hot) warm_ones.push_back({retention_.worth(facts(node, now)), node.first, hash});
  }
  std::ranges::sort(warm_ones, [](const Candidate& a, const Candidate& b) { return b < a; });
  std::uint64_t sum = 0;
  for (const Candidate& candidate : warm_ones) {
    if (sum >= bytes) break;
    sum += nodes_.at(candidate.hash).hot->file().size();
    warm(candidate.hash, nullptr);
  }
  return sum;
}

}  // namespace refrain::kv
