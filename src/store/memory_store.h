#pragma once

#include <map>
#include <unordered_map>

#include "base/metric.h"
#include "store/store.h"

namespace refrain::store {

/// A Store that keeps nothing beyond the process. Writes are done on return. Threads: any.
class MemoryStore final : public Store {
 public:
  /// options.check() holds; folder, readers_max, queue limits and durability are ignored.
  MemoryStore(Options options, const base::Clock& clock);

  Result<std::optional<Record>> find(const Call& call, const Key& exact,
                                     std::string_view canonical) override;
  Result<std::vector<std::optional<Record>>> get(const Call& call,
                                                 std::span<const EntryId> ids) override;
  void write(Batch batch, Done done) override;
  Result<Page> scan(const Call& call, const Scan& scan) override;
  void touch(std::span<const Touch> touches) override;
  Result<std::size_t> upkeep(const Call& call) override;
  Stats stats() const noexcept override;
  /// Later ids are greater than `last`. Before the first allot().
  void continue_after(EntryId last) noexcept { begin_ids_at(last + 1); }

 private:
  struct State {
    std::map<EntryId, Record> records;
    std::unordered_multimap<Key, EntryId, key::KeyHash> by_exact;
    std::uint64_t bytes = 0;
  };
  Result<std::vector<EntryId>> apply(State& state, Batch& batch, std::vector<EntryId>& gone);
  static void insert(State& state, Record record);
  static bool erase(State& state, EntryId id);
  static std::optional<EntryId> same(const State& state, const Record& record);
  void make_room(State& state, const std::vector<EntryId>& keep, std::vector<EntryId>& gone);

  const Options options_;
  const base::Clock& clock_;
  base::Mutex<State> state_;
  base::Counter commits_, written_, evicted_, expired_, failed_;
};

}  // namespace refrain::store
