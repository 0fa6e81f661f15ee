#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "index/graph_walk.h"
#include "index/id_map.h"
#include "index/turnstile.h"
#include "index/vector_index.h"

namespace refrain::base {
class ByteReader;
}

namespace refrain::index {

class SnapshotWriter;

/// Approximate search by walking a graph of near neighbours: HNSW, from the paper (Malkov and
/// Yashunin, arXiv 1603.09320, algorithms 1 to 5), with erasure, filters and exact scores.
/// Walks compare 8-bit codes; what they find is scored again with the f32 rows.
/// Threads: any function, any thread. Writers go one by one and prepare their change beside running
/// searches; searches stand still only while the changed lists are copied in.
class Graph final : public VectorIndex {
 public:
  struct Options {
    std::size_t dim = 0;                // 1..kDimMax
    std::size_t links_max = 16;         // M of the paper; layer 0 has twice as many. 4..64
    std::size_t ef_construction = 100;  // candidates for the links of a new node. 8..4096
    std::size_t ef_search = 0;          // answers a walk keeps; 0: by the size of the graph
    double tombstones_max = 0.5;        // share of all nodes at which erase and upsert repair
    std::size_t size_max = 1U << 28U;   // entries
    base::Result<> check() const;
  };
  static base::Result<std::unique_ptr<Graph>> open(const Options& options);

  base::Result<> upsert(std::span<const key::EntryId> ids, MatrixView rows) override;
  base::Result<std::size_t> erase(std::span<const key::EntryId> ids) override;
  /// Approximate, but exact where a filter passes so few that a scan is cheaper.
  base::Result<std::vector<Neighbour>> search(std::span<const float> query, std::size_t k,
                                              const Filter* allow) const override;
  Info info() const noexcept override;

  /// Erased nodes that still lead searches on, as a share of all nodes.
  double tombstone_share() const noexcept;
  /// Links past every tombstone and frees its slot. One pass over the graph; other writers wait,
  /// searches do not.
  void repair();

  /// Appends the graph to a snapshot, without tombstones (docs/formats/index_snapshot.md).
  void encode(SnapshotWriter& out);
  /// Errors: corrupt. What it reads may be hostile.
  static base::Result<std::unique_ptr<Graph>> decode(base::ByteReader& in, const Options& options);
  /// Runs work(ids, rows) for each live entry in turn, with no writer beside it.
  template <class Work>
  void each(Work&& work) const {
    std::lock_guard writing(writing_);
    for (Slot slot = 0; slot < nodes_.slots(); ++slot) {
      if (nodes_.state(slot) == SlotState::live) {
        work(nodes_.id(slot), nodes_.row(slot));
      }
    }
  }

 private:
  struct Relink {
    Slot slot;
    int layer;
    std::vector<Slot> links;
  };
  struct Entry {
    Slot slot = kNoSlot;
    int level = -1;
  };

  explicit Graph(const Options& options)
      : options_(options), nodes_(options.dim, options.links_max) {}
  void insert(key::EntryId id, const float* row);
  Slot take_slot();
  std::vector<Relink> plan_links(Slot slot, int level);
  void link(Slot slot, int layer, std::span<const Scored> near, std::vector<Relink>& plan);
  void bury(Slot slot);
  void repair_if_due();
  void repair_all();
  void reset();
  bool relink_past_tombstones(Slot slot, int layer, std::vector<Slot>& links);
  Entry highest() const;
  std::size_t breadth(std::size_t k) const noexcept;
  bool scan_is_cheaper(const Filter& allow, std::size_t ef) const;
  std::vector<Neighbour> scan(std::span<const float> query, std::size_t k,
                              const Filter* allow) const;
  bool walk(std::span<const float> query, std::size_t k, const Filter* allow,
            std::vector<Neighbour>& out) const;

  const Options options_;
  mutable std::mutex writing_;  // order: writing_ before lock_
  mutable Turnstile lock_;      // shared: read nodes_, entry_. unique: change what they can reach
  GraphNodes nodes_;
  Entry entry_;
  std::atomic<std::size_t> live_{0}, buried_{0};
  mutable ScratchPool scratches_;
  // Below: only under writing_.
  IdMap<Slot> slot_of_;
  std::vector<Slot> free_;
};

}  // namespace refrain::index
