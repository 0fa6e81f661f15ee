// Routing: which space an entry is in, which index a space has.
//
// An id is in one space at most. Its shard's lock is held through the whole change of an id, so
// that two writers of one id are in a row while others go on; 64 shards, since a graph insert
// holds it for some tenths of a millisecond. A space is entered under its shard's lock held shared
// and dropped under the same lock held alone, so nobody writes to a space that has just been
// dropped. Searches take a reference to the space and let the shard go.
#include "index/spaces.h"

#include <fmt/format.h>

#include "index/unit_rows.h"

namespace refrain::index {
namespace {

constexpr std::size_t kFlatMin = 64;

}  // namespace

base::Result<> Spaces::Options::check() const {
  Graph::Options whole = graph;
  whole.dim = dim;
  whole.size_max = entries_max;
  TRY_DO(whole.check());
  if (flat_max < kFlatMin) {
    return base::fail(base::Code::invalid,
                      fmt::format("flat_max {}, at least {} is possible", flat_max, kFlatMin));
  }
  return {};
}

Spaces::Spaces(Options options) : options_(std::move(options)) {
  space_options_ = {.flat_max = options_.flat_max, .graph = options_.graph};
  space_options_.graph.dim = options_.dim;
  space_options_.graph.size_max = options_.entries_max;
}

base::Result<std::unique_ptr<Spaces>> Spaces::open(Options options) {
  TRY_DO(options.check());
  return std::unique_ptr<Spaces>(new Spaces(std::move(options)));
}

std::shared_ptr<Space> Spaces::find(const key::Key& space) const {
  const SpaceShard& in = shard(space);
  std::shared_lock guard(in.lock);
  const auto found = in.spaces.find(space);
  return found == in.spaces.end() ? nullptr : found->second;
}

base::Result<> Spaces::put(const key::Key& space, key::EntryId id, std::span<const float> vector) {
  SpaceShard& in = shard(space);
  {
    std::shared_lock guard(in.lock);
    if (const auto found = in.spaces.find(space); found != in.spaces.end()) {
      TRY_DO(found->second->upsert(id, vector));
      note_upkeep(space, *found->second);
      return {};
    }
  }
  std::unique_lock guard(in.lock);
  auto& place = in.spaces[space];
  if (!place) {
    place = std::make_shared<Space>(space_options_);
  }
  return place->upsert(id, vector);
}

void Spaces::remove(const key::Key& space, key::EntryId id) {
  SpaceShard& in = shard(space);
  bool empty = false;
  {
    std::shared_lock guard(in.lock);
    const auto found = in.spaces.find(space);
    if (found == in.spaces.end() || !found->second->erase(id)) {
      return;
    }
    --entries_;
    empty = found->second->info().size == 0;
    note_upkeep(space, *found->second);
  }
  if (empty) {
    std::unique_lock guard(in.lock);
    const auto found = in.spaces.find(space);
    if (found != in.spaces.end() && found->second->info().size == 0) {
      in.spaces.erase(found);
    }
  }
}

base::Result<> Spaces::upsert(const key::Key& space, key::EntryId id,
                              std::span<const float> vector) {
  TRY_DO(check_rows({&id, 1}, {vector.data(), 1, vector.size()}, options_.dim));
  {
    std::shared_lock world(world_);
    IdShard& ids = ids_[id % kShards];
    std::lock_guard guard(ids.lock);
    const key::Key* known = ids.space_of.find(id);
    if (known == nullptr && entries_.fetch_add(1) >= options_.entries_max) {
      --entries_;
      return base::fail(base::Code::too_large,
                        fmt::format("the index holds its {} entries", options_.entries_max));
    }
    if (known != nullptr && *known != space) {
      remove(*known, id);
      ids.space_of.erase(id);
      ++entries_;
    }
    if (base::Result<> put_in = put(space, id, vector); !put_in) {
      entries_ -= ids.space_of.erase(id) || known == nullptr ? 1U : 0U;
      return put_in;
    }
    ids.space_of.set(id, space);
  }
  call_for_upkeep();
  return {};
}

std::size_t Spaces::erase(std::span<const key::EntryId> ids) {
  std::size_t erased = 0;
  {
    std::shared_lock world(world_);
    for (const key::EntryId id : ids) {
      IdShard& in = ids_[id % kShards];
      std::lock_guard guard(in.lock);
      if (const key::Key* known = in.space_of.find(id)) {
        remove(*known, id);
        in.space_of.erase(id);
        ++erased;
      }
    }
  }
  call_for_upkeep();
  return erased;
}

base::Result<std::vector<Neighbour>> Spaces::search(const key::Key& space,
                                                    std::span<const float> query, std::size_t k,
                                                    const Filter* allow) const {
  const std::shared_ptr<Space> in = find(space);
  if (!in) {
    TRY_DO(check_query(query, options_.dim));
    return std::vector<Neighbour>{};
  }
  searches_.add();
  in_reach_.add(in->info().size);
  return in->search(query, k, allow);
}

base::Result<> Spaces::follow(const base::Call&, Truth& truth) {
  for (;;) {
    TRY(rows, truth.next());
    if (rows.empty()) return {};
    for (const Truth::Row& row : rows) {
      // One bad vector must not cost all others.
      if (base::Result<> kept = upsert(row.space, row.id, row.vector); !kept) {
        refusal_.warn("index refused a vector", {{"what", kept.error().what}});
      }
    }
  }
}

void Spaces::note_upkeep(const key::Key& space, Space& of) {
  if (of.claim_upkeep()) {
    due_.with([&](auto& due) { due.push_back(space); });
    called_ = true;
  }
}

void Spaces::call_for_upkeep() {
  if (called_.load(std::memory_order_relaxed) && called_.exchange(false) && options_.wants_upkeep) {
    options_.wants_upkeep();
  }
}

std::size_t Spaces::upkeep() {
  std::vector<key::Key> due;
  due_.with([&](auto& waiting) { due.swap(waiting); });
  std::size_t done = 0;
  for (const key::Key& space : due) {
    if (const std::shared_ptr<Space> of = find(space)) {
      done += of->upkeep() ? 1U : 0U;
    }
  }
  return done;
}

Spaces::Stats Spaces::stats() const {
  Stats stats;
  stats.searches = searches_.value();
  stats.in_reach = in_reach_.value();
  for (const SpaceShard& in : spaces_) {
    std::shared_lock guard(in.lock);
    for (const auto& [space, index] : in.spaces) {
      const Info info = index->info();
      stats.entries += info.size;
      stats.bytes += info.bytes;
      stats.graphs += index->is_graph() ? 1U : 0U;
    }
    stats.spaces += in.spaces.size();
  }
  // Beside the indexes: the map of spaces and, per id, its place in an IdMap at 9/16 load.
  stats.bytes += stats.spaces * (sizeof(key::Key) + sizeof(std::shared_ptr<Space>) + 32);
  stats.bytes += stats.entries * (sizeof(key::EntryId) + sizeof(key::Key)) * 16 / 9;
  return stats;
}

}  // namespace refrain::index
