#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "index/graph_nodes.h"
#include "index/kernel.h"

namespace refrain::index {

struct Scored {
  float score = 0;
  Slot slot = kNoSlot;
};
inline bool higher(const Scored& a, const Scored& b) noexcept {
  return a.score > b.score || (a.score == b.score && a.slot < b.slot);
}
inline bool lower(const Scored& a, const Scored& b) noexcept { return higher(b, a); }

/// What one walk needs and the next one can use again.
class Scratch {
 public:
  /// Forgets what was visited, for a graph of `slots`.
  void begin(std::size_t slots);
  /// Marks a slot; false when it was marked already.
  bool visit(Slot slot) noexcept {
    if (marks_[slot] == epoch_) {
      return false;
    }
    marks_[slot] = epoch_;
    return true;
  }
  /// The query's code, zero beyond its dimensions.
  Probe quantise(const float* query, std::size_t dim, std::size_t code_bytes);

  std::vector<Scored> open;   // heap, best on top: still to be expanded
  std::vector<Scored> found;  // heap, worst on top: the answers so far
  std::vector<Slot> fresh;

 private:
  std::vector<std::uint16_t> marks_;  // [slots]: the epoch of the last visit
  std::uint16_t epoch_ = 0;
  std::vector<std::int8_t> code_;
};

/// Keeps as many scratches as there were walks at one time. Threads: any.
class ScratchPool {
 public:
  std::unique_ptr<Scratch> take();
  void give(std::unique_ptr<Scratch> scratch);

 private:
  base::Mutex<std::vector<std::unique_ptr<Scratch>>> idle_;
};

inline float score(const GraphNodes& nodes, const Probe& a, const Probe& b) noexcept {
  return a.scale * b.scale * static_cast<float>(kernels.i8(a.code, b.code, nodes.code_bytes()));
}

/// Greedy search with a list of one (alg. 2 with ef = 1).
Scored descend(const GraphNodes& nodes, const Probe& query, Scored from, int layer);

struct Breadth {
  int layer = 0;
  std::size_t ef = 1;  // answers kept
  std::size_t visits_max = std::numeric_limits<std::size_t>::max();
};

/// Best-first search of one layer (alg. 2). Fills scratch.found with at most ef slots that `accept`
/// takes, unsorted; the others still lead on. False when it stopped at visits_max.
template <class Accept>
bool search_layer(const GraphNodes& nodes, const Probe& query, std::span<const Scored> entries,
                  const Breadth& breadth, std::pair<Scratch&, Accept> with) {
  auto& [scratch, accept] = with;
  auto& open = scratch.open;
  auto& found = scratch.found;
  scratch.begin(nodes.slots());
  open.clear();
  found.clear();
  const auto add = [&](Scored reached) {
    if (found.size() >= breadth.ef && !higher(reached, found.front())) {
      return;
    }
    open.push_back(reached);
    std::push_heap(open.begin(), open.end(), lower);
    if (!accept(reached.slot)) {
      return;
    }
    found.push_back(reached);
    std::push_heap(found.begin(), found.end(), higher);
    if (found.size() > breadth.ef) {
      std::pop_heap(found.begin(), found.end(), higher);
      found.pop_back();
    }
  };
  for (const Scored& entry : entries) {
    if (scratch.visit(entry.slot)) {
      add(entry);
    }
  }
  std::size_t visits = 0;
  while (!open.empty()) {
    const Scored next = open.front();
    if (found.size() >= breadth.ef && next.score < found.front().score) {
      break;
    }
    if (visits > breadth.visits_max) {
      return false;
    }
    std::pop_heap(open.begin(), open.end(), lower);
    open.pop_back();
    scratch.fresh.clear();
    for (const Slot slot : nodes.links(next.slot, breadth.layer)) {
      if (scratch.visit(slot)) {
        // All lines of a code at once: the walk is bound by these misses.
        const std::int8_t* code = nodes.code(slot);
        for (std::size_t line = 0; line <= nodes.code_bytes(); line += 64) {
          __builtin_prefetch(code + line);
        }
        scratch.fresh.push_back(slot);
      }
    }
    visits += scratch.fresh.size();
    for (const Slot slot : scratch.fresh) {
      add({score(nodes, query, nodes.probe(slot)), slot});
    }
  }
  return true;
}

/// Chooses at most `count` of the candidates (sorted, best first) so that they lie in different
/// directions (alg. 4): one that is nearer to a chosen one than to the node itself is left out, and
/// so is an exact copy of a chosen one.
std::vector<Slot> choose_links(const GraphNodes& nodes, std::span<const Scored> candidates,
                               std::size_t count);

}  // namespace refrain::index
