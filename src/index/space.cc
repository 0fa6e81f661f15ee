// How a space grows. Building a graph of 4,096 entries takes a good part of a second, in which the
// space must answer and learn. So the graph is built beside the flat index: from a list of its ids,
// then from the ids that changed meanwhile, again and again until few are left; those are applied
// under the writers' lock, and the graph becomes live. Each round is shorter than the one before,
// since learning a row by a graph costs more than by a flat index only by a constant; should
// writers be faster all the same, the last round is taken under the lock whatever its length, so
// it ends.
#include "index/space.h"

#include "base/check.h"
#include "index/snapshot.h"

namespace refrain::index {
namespace {

constexpr double kRepairShare = 0.2;        // tombstones at which upkeep repairs
constexpr std::size_t kLastRound = 32;      // ids: a few milliseconds of waiting for writers
constexpr std::size_t kRoundsMax = 16;
constexpr std::size_t kGraphEntriesMin = 64;  // smaller ones are written flat

template <class T>
std::shared_ptr<T> opened(base::Result<std::unique_ptr<T>> made) {
  CHECK(made.has_value(), "Spaces checks its options before it makes a space");
  return std::move(*made);
}

std::shared_ptr<Flat> empty_flat(const Space::Options& options) {
  return opened(Flat::open({.dim = options.graph.dim, .size_max = options.graph.size_max}));
}

}  // namespace

Space::Space(const Options& options) : options_(options), flat_(empty_flat(options)) {
  live_.with([&](auto& live) { live = flat_; });
}

Space::Space(const Options& options, std::unique_ptr<Flat> flat)
    : options_(options), flat_(std::move(flat)) {
  live_.with([&](auto& live) { live = flat_; });
}

Space::Space(const Options& options, std::unique_ptr<Graph> graph)
    : options_(options), graph_(std::move(graph)) {
  live_.with([&](auto& live) { live = graph_; });
}

std::shared_ptr<const VectorIndex> Space::live() const {
  return live_.with([](const auto& live) { return live; });
}

base::Result<> Space::upsert(key::EntryId id, std::span<const float> row) {
  std::lock_guard writing(writing_);
  const MatrixView rows{row.data(), 1, row.size()};
  if (graph_) {
    return graph_->upsert({&id, 1}, rows);
  }
  if (growing_) {
    changed_.push_back(id);
  }
  return flat_->upsert({&id, 1}, rows);
}

bool Space::erase(key::EntryId id) {
  std::lock_guard writing(writing_);
  if (growing_) {
    changed_.push_back(id);
  }
  const base::Result<std::size_t> erased =
      graph_ ? graph_->erase({&id, 1}) : flat_->erase({&id, 1});
  return erased.has_value() && *erased > 0;
}

base::Result<std::vector<Neighbour>> Space::search(std::span<const float> query, std::size_t k,
                                                   const Filter* allow) const {
  return live()->search(query, k, allow);
}

Info Space::info() const {
  Info info = live()->info();
  info.bytes += sizeof(Space);
  return info;
}

bool Space::is_graph() const {
  std::lock_guard writing(writing_);
  return graph_ != nullptr;
}

Space::Due Space::due() const {
  if (graph_) {
    return graph_->tombstone_share() > kRepairShare ? Due::repair : Due::nothing;
  }
  return flat_->info().size > options_.flat_max ? Due::graph : Due::nothing;
}

bool Space::claim_upkeep() {
  std::lock_guard writing(writing_);
  if (claimed_ || due() == Due::nothing) {
    return false;
  }
  claimed_ = true;
  return true;
}

bool Space::upkeep() {
  Due what = Due::nothing;
  std::shared_ptr<Graph> graph;
  {
    std::lock_guard writing(writing_);
    what = due();
    graph = graph_;
    growing_ = what == Due::graph;
    changed_.clear();
  }
  if (what == Due::graph) {
    grow();
  } else if (what == Due::repair) {
    graph->repair();
  }
  std::lock_guard writing(writing_);
  claimed_ = false;
  return what != Due::nothing;
}

void Space::copy_into(Graph& graph, std::span<const key::EntryId> ids) {
  std::vector<float> row(options_.graph.dim);
  for (const key::EntryId id : ids) {
    const bool there = flat_->copy_row(id, row);
    const bool done = there ? graph.upsert({&id, 1}, {row.data(), 1, row.size()}).has_value()
                            : graph.erase({&id, 1}).has_value();
    CHECK(done, "a row that the flat index holds fits the graph");
  }
}

bool Space::grow() {
  const std::shared_ptr<Graph> graph = opened(Graph::open(options_.graph));
  std::vector<key::EntryId> ids = flat_->ids();  // only this thread replaces flat_
  for (std::size_t round = 0;; ++round) {
    copy_into(*graph, ids);
    std::lock_guard writing(writing_);
    ids.clear();
    ids.swap(changed_);
    if (ids.size() > kLastRound && round < kRoundsMax) {
      continue;
    }
    copy_into(*graph, ids);
    graph_ = graph;
    flat_.reset();
    growing_ = false;
    live_.with([&](auto& live) { live = graph_; });
    return true;
  }
}

void Space::encode(SnapshotWriter& out) {
  std::lock_guard writing(writing_);
  if (graph_ && graph_->info().size >= kGraphEntriesMin) {
    out.u8(1);
    graph_->encode(out);
    return;
  }
  std::vector<key::EntryId> ids;
  std::vector<float> rows;
  const auto add = [&](key::EntryId id, const float* row) {
    ids.push_back(id);
    rows.insert(rows.end(), row, row + options_.graph.dim);
  };
  if (graph_) {
    graph_->each(add);
  } else {
    flat_->visit([&](std::span<const key::EntryId> all, MatrixView view) {
      for (std::size_t at = 0; at < all.size(); ++at) {
        add(all[at], view.data + at * view.cols);
      }
    });
  }
  out.u8(0);
  out.u64(ids.size());
  out.array(ids.data(), ids.size());
  out.array(rows.data(), rows.size());
}

}  // namespace refrain::index
