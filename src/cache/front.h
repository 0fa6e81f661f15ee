#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "chat/answer.h"
#include "key/identity.h"
#include "store/store.h"

namespace refrain::cache {

/// An answer in memory. Shared between threads only as const.
struct Entry {
  std::string canonical;  // compared on a hit
  std::shared_ptr<const chat::Answer> answer;
  key::EntryId id = 0;  // 0: not known to the store
  base::WallTime stored{};
  std::optional<base::WallTime> expires;
  std::chrono::microseconds cost{0};  // what generating it took; 0: not known
};

/// The hottest answers, decoded, within a number of bytes. Sharded by key; a find costs one short
/// lock, one hash look-up and one comparison of the canonical bytes. Never waits for anything else.
/// Threads: any.
class Front {
 public:
  struct Options {
    std::uint64_t bytes_max = 256ULL << 20;  // all shards together; 0 keeps nothing
    std::string policy = "s3fifo";           // one of policy::eviction_names()
    std::size_t touches_max = 65536;         // counts kept of entries that are gone; more are lost
    base::Result<> check() const;
  };
  struct Stats {
    std::string policy;
    std::uint64_t entries = 0, bytes = 0, bytes_max = 0;
    std::uint64_t hits = 0, misses = 0, evicted = 0;
    std::uint64_t refused = 0;  // entries larger than a shard
  };

  /// options.check() holds.
  explicit Front(const Options& options);
  ~Front();

  /// The entry of exactly these bytes; null: absent or expired at `now`.
  std::shared_ptr<const Entry> find(const key::Key& exact, std::string_view canonical,
                                    base::WallTime now);
  /// Takes the place of what had this key. Too large for a shard: not kept, and counted.
  void put(const key::Key& exact, std::shared_ptr<const Entry> entry);
  /// Unknown ids are no error.
  void erase(std::span<const key::EntryId> ids);
  void clear();
  /// Hits of each entry since the last call, for Store::touch. Entries without id are left out.
  std::vector<store::Touch> drain_touches();
  Stats stats() const;

 private:
  struct Shard;
  Shard& shard(const key::Key& exact) noexcept;

  const Options options_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace refrain::cache
