#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/log.h"
#include "base/metric.h"
#include "base/mutex.h"
#include "base/pool.h"
#include "disk/folder_lock.h"
#include "kv/catalog.h"
#include "kv/folder.h"
#include "kv/names.h"
#include "kv/store.h"
#include "kv/tree.h"

namespace refrain::kv {

/// What is in memory of a store, under one lock that is never held over I/O.
struct Index {
  explicit Index(std::size_t block_tokens) : tree(block_tokens) {}
  Tree tree;
  Names names{};
  ObjectId next_id = 1;
  std::unordered_set<base::Digest, base::DigestHash> used{};  // since statistics were written
  std::unordered_set<ObjectId> used_objects{};
  std::set<Draft::State*> drafts{};  // on their way in
};

/// Makes a node for the file of a named object, and shows both.
void add_file(Index& index, Named object, base::WallTime now);
/// Counts an object in, or out of, the pins of its last block, as its pin and lease say.
void settle_pin(Index& index, Named& object, base::WallTime now);

/// The insides of a store, for the files of this room that make it up. All changes of catalog,
/// files and tree are made on one thread (`on_writer`), so they never meet; readers take the
/// index's lock for moments. Kept alive by matches and drafts.
struct Shelf {
  Shelf(Options given, const base::Clock& time, Folder files)
      : options(std::move(given)),
        clock(time),
        folder(std::move(files)),
        index(std::in_place, options.block_tokens),
        writer({.name = "kv", .threads = 1, .queue_max = 4096}) {}

  const Options options;
  const base::Clock& clock;
  std::unique_ptr<disk::FolderLock> lock{};
  Folder folder;
  std::unique_ptr<Catalog> catalog{};  // writer's thread
  base::Mutex<Index> index;
  base::log::Occasionally fault{};
  base::Instant written{};  // when statistics were; writer's thread
  base::Mutex<std::map<std::string, Fingerprint>> expected{};  // models served, by name

  struct Counters {
    base::Counter lookups, lookup_tokens, hit_tokens, loads_memory, loads_disk, load_bytes;
    base::Counter blocks_written, blocks_shared, bytes_written, published;
    base::Counter refused_quota, refused_size, failed, evicted_blocks, evicted_objects, expired;
    base::Counter evicted_memory, corrupt, orphans, lost;
  } counts{};

  base::Pool writer;  // last: its work uses everything above

  /// Runs `work` on the writer's thread and waits. Errors: those of work, busy, cancelled.
  template <class T>
  base::Result<T> on_writer(std::move_only_function<base::Result<T>()> work);

  // ---- on the writer's thread
  /// Evicts until `bytes` more fit into the budget. Errors: unavailable.
  base::Result<> make_room(std::uint64_t bytes);
  /// Removes blocks, in an order in which that is possible, with the objects that end there.
  void evict(std::span<const base::Digest> blocks);
  /// Removes objects for good, and the blocks that only they needed. Durable. Errors: io,
  /// unavailable.
  base::Result<> erase(std::span<const ObjectId> ids);
  /// A block that failed a check: it and all that follows it.
  void drop_damaged(const base::Digest& hash, const base::Error& why);
  void write_statistics();
  /// Removes what nothing needs any more, from this block up.
  void sweep(const base::Digest& hash);

  // ---- any thread
  void hold(const base::Digest& hash);
  void release(const base::Digest& hash);
  /// Puts a block into memory, and others out of it if there is no room.
  void warm(const base::Digest& hash, std::shared_ptr<const Block> block);
  /// Submits drop_damaged.
  void report_damaged(const base::Digest& hash, const base::Error& why);
};

/// Keeps one block, and so all before it, from eviction.
class Hold {
 public:
  Hold(std::shared_ptr<Shelf> shelf, const base::Digest& hash);
  ~Hold();
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  std::shared_ptr<Shelf> shelf_;
  base::Digest hash_;
};

/// The node that stands for the file of an object.
base::Digest file_node(ObjectId id);

/// Errors: deadline, cancelled.
base::Result<> check(const base::Call& call, const base::Clock& clock);

template <class T>
base::Result<T> Shelf::on_writer(std::move_only_function<base::Result<T>()> work) {
  struct State {
    std::mutex lock;
    std::condition_variable done;
    std::optional<base::Result<T>> result;
  };
  State state;  // this function waits, so references to it are good
  TRY_DO(writer.submit([&state, work = std::move(work)]() mutable {
    base::Result<T> result = work();
    std::lock_guard guard(state.lock);
    state.result.emplace(std::move(result));
    state.done.notify_one();
  }));
  std::unique_lock guard(state.lock);
  state.done.wait(guard, [&] { return state.result.has_value(); });
  return std::move(*state.result);
}

}  // namespace refrain::kv
