// kv_trace_bench: block hit rate by capacity of the KV store's eviction, beside LRU and a cache
// without limit, on a trace of prompts.
//
//   gzip -dc conversation_trace.jsonl.gz | kv_trace_bench [CAPACITY]...
//
// A line of the trace is {"timestamp": ms, "input_length": tokens, "hash_ids": [block, ...]}, where
// equal ids mean equal beginnings (Mooncake's form, blocks of 512 tokens). Of each prompt the
// blocks of its longest kept beginning are hits; then all of it is kept. Both policies free a
// hundredth of the capacity at once, leaves first. The first half of the requests is where the
// constants of kv/retention.cc were chosen; the second half is what counts.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "json/value.h"
#include "kv/tree.h"

namespace refrain::kv {
namespace {

constexpr std::size_t kBlockTokens = 512;

struct Request {
  base::WallTime when{};
  std::vector<std::uint64_t> blocks;
  bool partial = false;  // the last block is not full
};

struct Score {
  std::uint64_t hits[2] = {0, 0}, blocks[2] = {0, 0};  // first half, second half
  double percent(int half) const {
    return 100.0 * static_cast<double>(hits[half]) / static_cast<double>(blocks[half]);
  }
};

std::vector<Request> read_trace(std::istream& in) {
  std::vector<Request> out;
  for (std::string line; std::getline(in, line);) {
    auto row = json::parse(line);
    if (!row) continue;
    const json::Value* ids = row->find("hash_ids");
    const json::Value* time = row->find("timestamp");
    const json::Value* length = row->find("input_length");
    if (!ids || !ids->array() || !time || !length) continue;
    Request request;
    request.when = base::WallTime(std::chrono::milliseconds(time->as_int().value_or(0)));
    for (const json::Value& id : *ids->array()) {
      request.blocks.push_back(static_cast<std::uint64_t>(id.as_int().value_or(0)));
    }
    const auto tokens = static_cast<std::uint64_t>(length->as_int().value_or(0));
    request.partial = tokens < request.blocks.size() * kBlockTokens;
    out.push_back(std::move(request));
  }
  return out;
}

// The store's own tree. A full block has two tokens here, a partial one has one.
class Ours {
 public:
  explicit Ours(std::uint64_t capacity) : capacity_(capacity) {}
  std::size_t ask(const Request& request) {
    std::vector<Token> prompt;
    for (std::size_t i = 0; i < request.blocks.size(); ++i) {
      prompt.push_back(static_cast<Token>(request.blocks[i]));
      if (!request.partial || i + 1 < request.blocks.size()) prompt.push_back(-1);
    }
    auto steps = tree_.walk(kRoot, prompt);
    // A block counts as it does for LRU: whole or not at all.
    while (!steps.empty() && steps.back().usable < steps.back().tokens) steps.pop_back();
    tree_.use(steps, request.when);
    keep(request, steps, prompt);
    return steps.size();
  }

 private:
  static constexpr base::Digest kRoot = {1, 1};

  void keep(const Request& request, const std::vector<Tree::Step>& steps,
            std::span<const Token> prompt) {
    base::Digest parent = steps.empty() ? kRoot : steps.back().hash;
    const std::size_t most = std::min<std::size_t>(request.blocks.size(), capacity_);
    for (std::size_t i = steps.size(); i < most; ++i) {
      const auto part = prompt.subspan(2 * i, std::min<std::size_t>(2, prompt.size() - 2 * i));
      Node node;
      node.parent = parent;
      node.tokens.assign(part.begin(), part.end());
      node.first = i;
      node.bytes = 1;
      node.used = node.made = request.when;
      parent = next(parent, part);
      tree_.add(parent, std::move(node));
    }
    if (tree_.bytes() <= capacity_) return;
    const std::uint64_t free =
        tree_.bytes() - capacity_ + std::max<std::uint64_t>(1, capacity_ / 100);
    for (const base::Digest& hash : tree_.victims(free, request.when)) {
      tree_.remove(hash, request.when);
    }
  }

  std::uint64_t capacity_;
  Tree tree_{2};
};

// Least recently used, of equal age the later block of a prompt first: so a leaf always goes first.
class Lru {
 public:
  explicit Lru(std::uint64_t capacity) : capacity_(capacity) {}
  std::size_t ask(const Request& request) {
    ++now_;
    std::size_t hits = 0;
    while (hits < request.blocks.size() && places_.contains(request.blocks[hits])) ++hits;
    const std::size_t most = std::min<std::size_t>(request.blocks.size(), capacity_);
    for (std::size_t i = 0; i < most; ++i) touch(request.blocks[i], i);
    if (places_.size() > capacity_) {
      const std::uint64_t wanted = capacity_ - std::max<std::uint64_t>(1, capacity_ / 100);
      while (places_.size() > wanted) drop(order_.begin()->block);
    }
    return hits;
  }

 private:
  struct Place {
    std::uint64_t used;
    std::size_t depth;
    std::uint64_t block;
    bool operator<(const Place& other) const {
      if (used != other.used) return used < other.used;
      return depth != other.depth ? depth > other.depth : block < other.block;
    }
  };
  void touch(std::uint64_t block, std::size_t depth) {
    if (places_.contains(block)) drop(block);
    const Place place{now_, depth, block};
    order_.insert(place);
    places_.emplace(block, place);
  }
  void drop(std::uint64_t block) {
    const auto found = places_.find(block);
    order_.erase(found->second);
    places_.erase(found);
  }

  std::uint64_t capacity_, now_ = 0;
  std::set<Place> order_;
  std::unordered_map<std::uint64_t, Place> places_;
};

template <class Cache>
Score replay(const std::vector<Request>& trace, std::uint64_t capacity) {
  Cache cache(capacity);
  Score out;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const int half = 2 * i >= trace.size() ? 1 : 0;
    out.hits[half] += cache.ask(trace[i]);
    out.blocks[half] += trace[i].blocks.size();
  }
  return out;
}

int run(std::vector<std::uint64_t> capacities) {
  const std::vector<Request> trace = read_trace(std::cin);
  if (trace.empty()) {
    fmt::print(stderr, "no requests on standard input\n");
    return 2;
  }
  if (capacities.empty()) {
    capacities = {500, 1000, 2000, 5000, 10000, 20000, 40000, 60000, 80000, 100000, 150000};
  }
  const Score all = replay<Lru>(trace, UINT64_MAX / 2);
  fmt::print("{} requests; without limit {:.2f} % (first half) {:.2f} % (second half)\n",
             trace.size(), all.percent(0), all.percent(1));
  fmt::print("{:>9} | first half: LRU, ours | second half: LRU, ours, ours - LRU\n", "capacity");
  bool above = true;
  for (std::uint64_t capacity : capacities) {
    const Score lru = replay<Lru>(trace, capacity), ours = replay<Ours>(trace, capacity);
    above = above && ours.percent(1) >= lru.percent(1);
    fmt::print("{:>9} | {:6.2f} {:6.2f} | {:6.2f} {:6.2f} {:+6.2f}\n", capacity, lru.percent(0),
               ours.percent(0), lru.percent(1), ours.percent(1), ours.percent(1) - lru.percent(1));
  }
  fmt::print("{}\n", above ? "never below LRU" : "below LRU somewhere");
  return 0;
}

}  // namespace
}  // namespace refrain::kv

int main(int argc, char** argv) {
  std::vector<std::uint64_t> capacities;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    if (value > 0) capacities.push_back(value);
  }
  return refrain::kv::run(std::move(capacities));
}
