#pragma once

#include <vector>

#include "base/call.h"
#include "index/vector_index.h"

namespace refrain::index {

/// The records' vectors by rising id: what an index should hold.
class Truth {
 public:
  struct Row {
    key::Key space{};
    key::EntryId id = 0;
    std::vector<float> vector{};
  };
  virtual ~Truth() = default;
  /// The next rows; empty at the end. Errors: those of the store.
  virtual base::Result<std::vector<Row>> next() = 0;
  /// The last id that was given when the process began: what has a higher one may be on its way to
  /// the store, so nobody may conclude from its absence that it is gone.
  virtual key::EntryId settled() const = 0;
};

/// Vectors by space, here or on another machine: those of two spaces never meet. The records of the
/// store are the truth; what is held here can be thrown away and made again.
/// Threads: any function, any thread.
class SpaceIndex {
 public:
  struct Stats {
    std::size_t spaces = 0, graphs = 0, entries = 0, bytes = 0;
    std::uint64_t searches = 0;
    // Vectors of the spaces that were searched, summed over the searches: no search looks at
    // others. 0 where another machine searches.
    std::uint64_t in_reach = 0;
  };

  virtual ~SpaceIndex() = default;
  /// Adds or replaces; an id that lies in another space moves. Found from now on, as far as this
  /// index knows: never waits for another machine.
  /// Errors: invalid (shape, norm, id 0), too_large, busy (no room for what waits to be sent).
  virtual base::Result<> upsert(const key::Key& space, key::EntryId id,
                                std::span<const float> vector) = 0;
  /// Not found from now on. Returns how many were there, as far as this index knows.
  virtual std::size_t erase(std::span<const key::EntryId> ids) = 0;
  /// False only if the space certainly has no entry.
  virtual bool contains(const key::Key& space) const = 0;
  /// At most k entries of the space, best first, equal scores by smaller id; approximate.
  /// Errors: invalid (shape, norm), unavailable, deadline, internal.
  virtual base::Result<std::vector<Neighbour>> find_near(const base::Call& call,
                                                         const key::Key& space,
                                                         std::span<const float> query,
                                                         std::size_t k) const = 0;
  /// Makes the index hold what `truth` gives; writers and searches may go on meanwhile.
  /// Errors: those of truth and of find_near.
  virtual base::Result<> follow(const base::Call& call, Truth& truth) = 0;
  /// Whether the index knows that it lacks something, or may hold what is gone: then follow() it.
  virtual bool wants_truth() const { return false; }
  /// Once in a while: what is put off. Returns how much was done.
  virtual std::size_t upkeep() = 0;
  virtual Stats stats() const = 0;
};

}  // namespace refrain::index
