#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/mutex.h"
#include "index/flat.h"
#include "index/graph.h"

namespace refrain::index {

/// One partition of Spaces: a flat index that becomes a graph when it has grown.
/// Threads: any. Searches use what is live; a growing space stays flat until its graph is complete.
class Space {
 public:
  /// What upkeep() should do.
  enum class Due : std::uint8_t { nothing, graph, repair };
  struct Options {
    std::size_t flat_max = 4096;  // entries
    Graph::Options graph;         // dim and size_max are used for the flat index as well
  };

  explicit Space(const Options& options);
  Space(const Options& options, std::unique_ptr<Flat> flat);
  Space(const Options& options, std::unique_ptr<Graph> graph);

  /// row  checked by the caller.
  base::Result<> upsert(key::EntryId id, std::span<const float> row);
  bool erase(key::EntryId id);
  base::Result<std::vector<Neighbour>> search(std::span<const float> query, std::size_t k,
                                              const Filter* allow) const;
  Info info() const;
  bool is_graph() const;
  /// True once when something has become due; again only after upkeep().
  bool claim_upkeep();
  /// Builds the graph or repairs it; whether it did anything.
  bool upkeep();
  void encode(SnapshotWriter& out);

 private:
  Due due() const;
  bool grow();
  void copy_into(Graph& graph, std::span<const key::EntryId> ids);
  std::shared_ptr<const VectorIndex> live() const;

  const Options& options_;     // of Spaces, which owns this
  mutable std::mutex writing_;  // order: before the locks of flat_ and graph_
  // Under writing_:
  std::shared_ptr<Flat> flat_;
  std::shared_ptr<Graph> graph_;  // once built; then flat_ is empty
  bool claimed_ = false, growing_ = false;
  std::vector<key::EntryId> changed_;  // since growing_ began: what the graph must still learn
  base::Mutex<std::shared_ptr<const VectorIndex>> live_;
};

}  // namespace refrain::index
