#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/metric.h"
#include "base/pool.h"
#include "disk/folder_lock.h"
#include "store/readers.h"
#include "store/store.h"
#include "store/writer.h"

namespace refrain::store {

/// Records in one SQLite file (docs/formats/store.md). Reads run on the caller's thread, writes on
/// one thread that commits together what waits together. Threads: any.
class SqliteStore final : public Store {
 public:
  /// options.check() holds and the folder is a path. `clock` outlives the store.
  /// Errors: conflict (folder in use by another process), io (folder cannot be written),
  /// unsupported (later schema), invalid (foreign database), corrupt (no database).
  static Result<std::unique_ptr<SqliteStore>> open(const Options& options,
                                                   const base::Clock& clock);
  /// Writes what is queued, then ends the thread.
  ~SqliteStore() override;

  Result<std::optional<Record>> find(const Call& call, const Key& exact,
                                     std::string_view canonical) override;
  Result<std::vector<std::optional<Record>>> get(const Call& call,
                                                 std::span<const EntryId> ids) override;
  void write(Batch batch, Done done) override;
  Result<Page> scan(const Call& call, const Scan& scan) override;
  void touch(std::span<const Touch> touches) override;
  Result<std::size_t> upkeep(const Call& call) override;
  Stats stats() const noexcept override;

 private:
  struct Waiting {
    Batch batch;
    Done done;
    std::uint64_t bytes = 0;
  };
  struct Queue {
    std::deque<Waiting> waiting;
    std::uint64_t bytes = 0;
    bool scheduled = false;
  };
  using Touches = std::unordered_map<EntryId, Touch>;

  SqliteStore(Options options, const base::Clock& clock, std::string path);
  void schedule();
  void write_group();
  std::vector<Waiting> take_group();
  Result<> write_together(std::vector<Waiting>& group, std::span<const Touch> touches);
  std::vector<Touch> take_touches(std::size_t at_least);
  Result<std::size_t> upkeep_now();
  void count(const Applied& applied);
  void drop(const std::vector<EntryId>& corrupt);

  const Options options_;
  const base::Clock& clock_;
  const std::string path_;
  std::unique_ptr<disk::FolderLock> lock_;  // first, so that it is released last
  std::unique_ptr<Writer> writer_;          // used on the writer's thread only
  Readers readers_;
  base::Mutex<Queue> queue_;
  base::Mutex<Touches> touches_;
  base::Gauge records_;
  base::Counter commits_, written_, evicted_, expired_, corrupt_, refused_, failed_;
  base::Counter touches_dropped_;
  base::log::Occasionally fault_;
  base::Pool thread_;  // last, so that it ends first
};

}  // namespace refrain::store
