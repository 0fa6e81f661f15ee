#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/log.h"
#include "base/metric.h"
#include "index/space.h"
#include "index/space_index.h"

namespace refrain::index {

/// A partitioned index: each key has an index of its own, so that vectors of two spaces never meet
/// and a search costs what its own space holds. Made for very many tiny spaces: an empty one is
/// dropped, one of one entry takes some 700 bytes beside its vector.
/// Threads: any function, any thread. Writes of different ids and searches run beside each other.
class Spaces final : public SpaceIndex {
 public:
  struct Options {
    std::size_t dim = 0;
    std::string embedder{};  // name and revision; a snapshot of another one is refused
    // 64 at least. A scan of 4,096 x 384 takes about 0.1 ms (bench/micro/index_bench.cc).
    std::size_t flat_max = 4096;
    std::size_t entries_max = 1U << 26U;  // over all spaces
    Graph::Options graph{};               // dim and size_max are set from the above
    /// Called, outside all locks, when upkeep() has something to do; may be empty. Cheap: submit
    /// upkeep() to a pool.
    std::function<void()> wants_upkeep{};
    base::Result<> check() const;
  };
  /// Which state of the store a snapshot stands for; the caller compares it with the store's.
  struct Stamp {
    std::uint64_t last_id = 0;
    std::uint64_t entries = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Loaded {
    std::unique_ptr<Spaces> spaces;
    Stamp stamp;
  };

  static base::Result<std::unique_ptr<Spaces>> open(Options options);
  /// Errors: not_found, io, corrupt (damaged, or of another dimension, embedder or version: rebuild
  /// from the store).
  static base::Result<Loaded> load(const std::filesystem::path& path, Options options);
  /// The same from bytes, which may be hostile.
  static base::Result<Loaded> decode(std::string_view file, Options options);
  /// Writes everything to `path` at once or not at all. Writers wait meanwhile, searches do not.
  /// Errors: io.
  base::Result<> save(const std::filesystem::path& path, const Stamp& stamp);

  /// Adds or replaces; an id that lies in another space moves.
  /// Errors: invalid (shape, norm, id 0), too_large (Options::entries_max).
  base::Result<> upsert(const key::Key& space, key::EntryId id,
                        std::span<const float> vector) override;
  /// Returns how many were there.
  std::size_t erase(std::span<const key::EntryId> ids) override;
  /// Whether the space has any entry.
  bool contains(const key::Key& space) const override { return find(space) != nullptr; }
  /// As VectorIndex::search; an unknown space has no neighbours.
  base::Result<std::vector<Neighbour>> search(const key::Key& space, std::span<const float> query,
                                              std::size_t k, const Filter* allow = nullptr) const;
  base::Result<std::vector<Neighbour>> find_near(const base::Call&, const key::Key& space,
                                                 std::span<const float> query,
                                                 std::size_t k) const override {
    return search(space, query, k);
  }
  /// For an index that is empty: what the records lack is not removed.
  base::Result<> follow(const base::Call& call, Truth& truth) override;
  /// Turns grown spaces into graphs and repairs others; returns how many. Takes seconds for a large
  /// one; for a background thread.
  std::size_t upkeep() override;
  Stats stats() const override;
  std::size_t size() const noexcept { return entries_; }

 private:
  // 64: writers of 16 threads seldom meet.
  static constexpr std::size_t kShards = 64;
  struct SpaceShard {
    mutable Turnstile lock;
    std::unordered_map<key::Key, std::shared_ptr<Space>, key::KeyHash> spaces;
  };
  struct IdShard {
    std::mutex lock;
    IdMap<key::Key> space_of;
  };

  explicit Spaces(Options options);
  SpaceShard& shard(const key::Key& space) noexcept { return spaces_[space.high % kShards]; }
  const SpaceShard& shard(const key::Key& space) const noexcept {
    return spaces_[space.high % kShards];
  }
  std::shared_ptr<Space> find(const key::Key& space) const;
  base::Result<> put(const key::Key& space, key::EntryId id, std::span<const float> vector);
  void remove(const key::Key& space, key::EntryId id);
  void note_upkeep(const key::Key& space, Space& of);
  void call_for_upkeep();
  base::Result<> adopt(const key::Key& key, std::shared_ptr<Space> space,
                       std::span<const key::EntryId> ids);
  base::Result<> decode_space(base::ByteReader& in);

  Options options_;
  Space::Options space_options_;
  // Order of locks: world_, one IdShard, one SpaceShard, then those of a Space.
  mutable Turnstile world_;  // shared: write. unique: save
  std::array<SpaceShard, kShards> spaces_;
  std::array<IdShard, kShards> ids_;
  std::atomic<std::size_t> entries_{0};
  mutable base::Counter searches_, in_reach_;
  base::log::Occasionally refusal_;
  base::Mutex<std::vector<key::Key>> due_;
  std::atomic<bool> called_{false};  // due_ has grown since wants_upkeep was last called
};

}  // namespace refrain::index
