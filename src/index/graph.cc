// HNSW: a hierarchy of navigable small-world graphs.
//
// The problem: the k nearest of n vectors without looking at n of them. The idea: link every vector
// to some near ones and walk: from where you are, go on from the best node seen that has not been
// expanded, until no such node is better than the worst of the `ef` best found. A few long links
// are needed to get near at all; they come from layers: a node is in layer l with probability
// M^-l, each layer is such a graph of its nodes, and a walk starts in the highest one. For
// example, with 100,000 nodes and M = 16 there are about 6,000 nodes in layer 1, 390 in layer 2,
// 24 in layer 3; a search takes some steps in each and then looks at 1,000 to 2,000 codes in layer
// 0.
//
// Invariants. A link leads to a live node or a tombstone, never to a free slot. A node is linked in
// layer l only to nodes that are in layer l. A slot that is not published is linked by nobody.
//
// Writers. Only one writes at a time (writing_), so a writer reads the graph without a lock. It
// plans all new lists first, beside running searches, and copies them in under lock_: microseconds
// in which searches wait, instead of the tenths of a millisecond that finding the links takes.
//
// Erasing. An erased node becomes a tombstone: out of all answers, but its links still lead on. New
// nodes never link to tombstones. When tombstones are too many (or upkeep asks), repair gives each
// node that links to one the live nodes behind it as candidates (the consolidation of FreshDiskANN,
// arXiv 2105.09613, alg. 4), after which nobody links to tombstones and their slots are used again.
//
// Filters. A refused node still leads on. The finer the filter, the wider the walk; 128 nodes
// spread over the graph are asked first, and where a scan of all rows costs less than the walk
// that they foretell, it is a scan. A walk that sees more than half of the nodes ends as a scan as
// well.
//
// Levels come from a hash of the id, so that the same operations make the same graph.
// f32 in the walk is refused: it would fetch 1,536 bytes for a node of 384 dimensions instead of
// 448. Pruned candidates do not fill up the lists (an option of alg. 4): hnswlib does without as
// well.
#include "index/graph.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "index/best.h"
#include "index/unit_rows.h"

namespace refrain::index {
namespace {

constexpr std::size_t kScanAlways = 512;      // entries: a scan costs less than a walk
constexpr std::size_t kFilterSamples = 128;
constexpr double kVisitNs = 40;               // one code compared in a walk, with its cache misses
constexpr double kVisitsPerAnswer = 20;       // codes looked at for each of ef
constexpr double kScanSlotNs = 4;             // state and filter of one slot
constexpr double kScanRowNs = 100;            // one f32 row
constexpr std::size_t kBehindTombstones = 256;  // candidates looked at behind a node's tombstones

int level_of(key::EntryId id, std::size_t links_max) {
  // splitmix64's finaliser; 53 bits of it make a uniform number in (0, 1].
  std::uint64_t bits = id + 0x9E3779B97F4A7C15ULL;
  bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBULL;
  bits ^= bits >> 31U;
  const double uniform = (static_cast<double>(bits >> 11U) + 1) * 0x1.0p-53;
  const double level = -std::log(uniform) / std::log(static_cast<double>(links_max));
  return std::min(static_cast<int>(level), GraphNodes::kLayersMax - 1);
}

}  // namespace

base::Result<> Graph::Options::check() const {
  if (dim == 0 || dim > kDimMax) {
    return base::fail(base::Code::invalid,
                      fmt::format("vectors of {} dimensions, 1 to {} are possible", dim, kDimMax));
  }
  if (links_max < 4 || links_max > 64) {
    return base::fail(base::Code::invalid,
                      fmt::format("links_max {}, 4 to 64 are possible", links_max));
  }
  if (ef_construction < 8 || ef_construction > 4096) {
    return base::fail(base::Code::invalid,
                      fmt::format("ef_construction {}, 8 to 4096 are possible", ef_construction));
  }
  if (!(tombstones_max > 0 && tombstones_max < 1)) {
    return base::fail(base::Code::invalid,
                      fmt::format("tombstones_max {}, a share above 0 and below 1 is possible",
                                  tombstones_max));
  }
  if (size_max >= kNoSlot / 2) {
    return base::fail(base::Code::invalid,
                      fmt::format("size_max {}, below 2^31 is possible", size_max));
  }
  return {};
}

base::Result<std::unique_ptr<Graph>> Graph::open(const Options& options) {
  TRY_DO(options.check());
  return std::unique_ptr<Graph>(new Graph(options));
}

base::Result<> Graph::upsert(std::span<const key::EntryId> ids, MatrixView rows) {
  TRY_DO(check_rows(ids, rows, options_.dim));
  std::lock_guard writing(writing_);
  for (std::size_t at = 0; at < ids.size(); ++at) {
    if (live_ >= options_.size_max && slot_of_.find(ids[at]) == nullptr) {
      return base::fail(base::Code::too_large,
                        fmt::format("the index holds its {} entries", options_.size_max));
    }
    insert(ids[at], rows.data + at * options_.dim);
    repair_if_due();
  }
  return {};
}

Slot Graph::take_slot() {
  if (!free_.empty()) {
    const Slot slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (nodes_.full()) {
    std::unique_lock guard(lock_);
    nodes_.grow();
  }
  return static_cast<Slot>(nodes_.slots());
}

void Graph::insert(key::EntryId id, const float* row) {
  const Slot* known = slot_of_.find(id);
  const Slot before = known == nullptr ? kNoSlot : *known;
  const Slot slot = take_slot();
  const int level = level_of(id, options_.links_max);
  nodes_.write(slot, id, row, level);
  const std::vector<Relink> plan = plan_links(slot, level);
  {
    std::unique_lock guard(lock_);
    for (const Relink& change : plan) {
      nodes_.set_links(change.slot, change.layer, change.links);
    }
    nodes_.publish(slot);
    if (level > entry_.level) {
      entry_ = {slot, level};
    }
    if (before != kNoSlot) {
      bury(before);
    }
  }
  ++live_;
  slot_of_.set(id, slot);
}

std::vector<Graph::Relink> Graph::plan_links(Slot slot, int level) {
  std::vector<Relink> plan;
  if (entry_.slot == kNoSlot) {
    return plan;
  }
  const Probe probe = nodes_.probe(slot);
  Scored nearest{score(nodes_, probe, nodes_.probe(entry_.slot)), entry_.slot};
  int layer = entry_.level;
  for (; layer > level; --layer) {
    nearest = descend(nodes_, probe, nearest, layer);
  }
  const auto is_live = [this](Slot other) { return nodes_.state(other) == SlotState::live; };
  auto scratch = scratches_.take();
  std::vector<Scored> entries{nearest};
  for (; layer >= 0; --layer) {
    search_layer(nodes_, probe, entries, {.layer = layer, .ef = options_.ef_construction},
                 std::pair<Scratch&, decltype(is_live)>(*scratch, is_live));
    if (scratch->found.empty()) {
      continue;  // only tombstones in this layer: go on from where we are
    }
    entries = scratch->found;
    std::ranges::sort(entries, higher);
    link(slot, layer, entries, plan);
  }
  scratches_.give(std::move(scratch));
  return plan;
}

void Graph::link(Slot slot, int layer, std::span<const Scored> near, std::vector<Relink>& plan) {
  const std::vector<Slot> chosen = choose_links(nodes_, near, options_.links_max);
  nodes_.set_links(slot, layer, chosen);  // not published: nobody reads it yet
  for (const Slot other : chosen) {
    const std::span<const Slot> theirs = nodes_.links(other, layer);
    std::vector<Slot> links(theirs.begin(), theirs.end());
    links.push_back(slot);
    if (links.size() > nodes_.links_max(layer)) {
      const Probe probe = nodes_.probe(other);
      std::vector<Scored> candidates;
      candidates.reserve(links.size());
      for (const Slot linked : links) {
        candidates.push_back({score(nodes_, probe, nodes_.probe(linked)), linked});
      }
      std::ranges::sort(candidates, higher);
      links = choose_links(nodes_, candidates, nodes_.links_max(layer));
    }
    plan.push_back({other, layer, std::move(links)});
  }
}

void Graph::bury(Slot slot) {
  nodes_.set_state(slot, SlotState::tombstone);
  --live_;
  ++buried_;
}

base::Result<std::size_t> Graph::erase(std::span<const key::EntryId> ids) {
  std::lock_guard writing(writing_);
  std::size_t erased = 0;
  for (const key::EntryId id : ids) {
    if (const Slot* known = slot_of_.find(id)) {
      std::unique_lock guard(lock_);
      bury(*known);
      slot_of_.erase(id);
      ++erased;
    }
  }
  repair_if_due();
  return erased;
}

double Graph::tombstone_share() const noexcept {
  const auto buried = static_cast<double>(buried_);
  const double all = buried + static_cast<double>(live_);
  return all > 0 ? buried / all : 0;
}

void Graph::repair() {
  std::lock_guard writing(writing_);
  repair_all();
}

void Graph::repair_if_due() {
  if (tombstone_share() > options_.tombstones_max) {
    repair_all();
  }
}

void Graph::reset() {
  std::unique_lock guard(lock_);
  // Blocks are kept: an index that was emptied is often filled again.
  free_.clear();
  for (Slot slot = static_cast<Slot>(nodes_.slots()); slot-- > 0;) {
    nodes_.set_state(slot, SlotState::free);
    free_.push_back(slot);
  }
  entry_ = {};
  buried_ = 0;
}

void Graph::repair_all() {
  if (buried_ == 0) {
    return;
  }
  if (live_ == 0) {
    reset();
    return;
  }
  for (Slot slot = 0; slot < nodes_.slots(); ++slot) {
    if (nodes_.state(slot) != SlotState::live) {
      continue;
    }
    for (int layer = 0; layer <= nodes_.level(slot); ++layer) {
      std::vector<Slot> links;
      if (relink_past_tombstones(slot, layer, links)) {
        std::unique_lock guard(lock_);
        nodes_.set_links(slot, layer, links);
      }
    }
  }
  const Entry entry = highest();
  std::unique_lock guard(lock_);
  entry_ = entry;
  for (Slot slot = 0; slot < nodes_.slots(); ++slot) {
    if (nodes_.state(slot) == SlotState::tombstone) {
      nodes_.set_state(slot, SlotState::free);
      free_.push_back(slot);
    }
  }
  buried_ = 0;
}

bool Graph::relink_past_tombstones(Slot slot, int layer, std::vector<Slot>& links) {
  const auto is_tombstone = [this](Slot other) {
    return nodes_.state(other) == SlotState::tombstone;
  };
  const std::span<const Slot> before = nodes_.links(slot, layer);
  if (std::ranges::none_of(before, is_tombstone)) {
    return false;
  }
  auto scratch = scratches_.take();
  scratch->begin(nodes_.slots());
  scratch->visit(slot);
  const Probe probe = nodes_.probe(slot);
  std::vector<Scored> candidates;
  std::vector<Slot> through;  // tombstones whose links are looked at, in the order found
  const auto look_at = [&](std::span<const Slot> reached) {
    for (const Slot other : reached) {
      if (!scratch->visit(other)) {
        continue;
      }
      if (is_tombstone(other)) {
        through.push_back(other);
      } else {
        candidates.push_back({score(nodes_, probe, nodes_.probe(other)), other});
      }
    }
  };
  look_at(before);
  for (std::size_t at = 0; at < through.size() && candidates.size() < kBehindTombstones; ++at) {
    look_at(nodes_.links(through[at], layer));
  }
  scratches_.give(std::move(scratch));
  std::ranges::sort(candidates, higher);
  links = choose_links(nodes_, candidates, nodes_.links_max(layer));
  return true;
}

Graph::Entry Graph::highest() const {
  Entry best;
  for (Slot slot = 0; slot < nodes_.slots(); ++slot) {
    if (nodes_.state(slot) == SlotState::live && nodes_.level(slot) > best.level) {
      best = {slot, nodes_.level(slot)};
    }
  }
  return best;
}

std::size_t Graph::breadth(std::size_t k) const noexcept {
  // By size: 64 below 16,384 nodes, 16 more for each doubling; 1M clustered rows need about 160
  // for a recall@10 of 0.95 (bench/micro/index_bench.cc).
  const std::size_t size = nodes_.slots();
  const auto doublings = static_cast<std::size_t>(std::bit_width(size >> 14U));
  const std::size_t by_size = 64 + 16 * doublings;
  return std::max(options_.ef_search == 0 ? by_size : options_.ef_search, k + k / 2);
}

bool Graph::scan_is_cheaper(const Filter& allow, std::size_t ef) const {
  const std::size_t slots = nodes_.slots();
  std::size_t asked = 0;
  std::size_t passed = 0;
  // An odd step near the golden ratio: spread over all slots, whatever order they were filled in.
  const std::size_t step = static_cast<std::size_t>(static_cast<double>(slots) * 0.618) | 1U;
  for (std::size_t at = 0; asked < kFilterSamples; at = (at + step) % slots) {
    const auto slot = static_cast<Slot>(at);
    passed += nodes_.state(slot) == SlotState::live && allow.allows(nodes_.id(slot)) ? 1U : 0U;
    ++asked;
  }
  const double share = (static_cast<double>(passed) + 0.5) / (kFilterSamples + 0.5);
  const auto size = static_cast<double>(slots);
  const double walk_ns = static_cast<double>(ef) * kVisitsPerAnswer * kVisitNs / share;
  return size * (kScanSlotNs + share * kScanRowNs) < walk_ns;
}

std::vector<Neighbour> Graph::scan(std::span<const float> query, std::size_t k,
                                   const Filter* allow) const {
  Best best(k);
  for (Slot slot = 0; slot < nodes_.slots(); ++slot) {
    if (nodes_.state(slot) == SlotState::live &&
        (allow == nullptr || allow->allows(nodes_.id(slot)))) {
      best.offer({nodes_.id(slot), kernels.f32(query.data(), nodes_.row(slot), options_.dim)});
    }
  }
  return best.take();
}

bool Graph::walk(std::span<const float> query, std::size_t k, const Filter* allow,
                 std::vector<Neighbour>& out) const {
  auto scratch = scratches_.take();
  const Probe probe = scratch->quantise(query.data(), options_.dim, nodes_.code_bytes());
  Scored nearest{score(nodes_, probe, nodes_.probe(entry_.slot)), entry_.slot};
  for (int layer = entry_.level; layer > 0; --layer) {
    nearest = descend(nodes_, probe, nearest, layer);
  }
  const auto accept = [this, allow](Slot slot) {
    return nodes_.state(slot) == SlotState::live &&
           (allow == nullptr || allow->allows(nodes_.id(slot)));
  };
  const bool whole =
      search_layer(nodes_, probe, {&nearest, 1},
                   {.layer = 0, .ef = breadth(k), .visits_max = nodes_.slots() / 2},
                   std::pair<Scratch&, decltype(accept)>(*scratch, accept));
  const bool enough = whole && scratch->found.size() >= k;
  if (enough) {
    Best best(k);
    for (const Scored& found : scratch->found) {
      __builtin_prefetch(nodes_.row(found.slot));
    }
    for (const Scored& found : scratch->found) {
      best.offer({nodes_.id(found.slot),
                  kernels.f32(query.data(), nodes_.row(found.slot), options_.dim)});
    }
    out = best.take();
  }
  scratches_.give(std::move(scratch));
  return enough;
}

base::Result<std::vector<Neighbour>> Graph::search(std::span<const float> query, std::size_t k,
                                                   const Filter* allow) const {
  TRY_DO(check_query(query, options_.dim));
  std::shared_lock guard(lock_);
  k = std::min<std::size_t>(k, live_);
  if (k == 0) {
    return std::vector<Neighbour>{};
  }
  const bool small = live_ <= kScanAlways && nodes_.slots() <= 4 * kScanAlways;
  std::vector<Neighbour> out;
  if (small || (allow != nullptr && scan_is_cheaper(*allow, breadth(k))) ||
      !walk(query, k, allow, out)) {
    return scan(query, k, allow);
  }
  return out;
}

Info Graph::info() const noexcept {
  std::shared_lock guard(lock_);
  return {.dim = options_.dim, .size = live_, .bytes = sizeof(Graph) + nodes_.bytes()};
}

}  // namespace refrain::index
