#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "base/log.h"
#include "policy/eviction.h"
#include "disk/folder_lock.h"
#include "values/index.h"
#include "values/log.h"
#include "values/values.h"

namespace refrain::values {

/// Counters of Stats that are added to from any thread.
struct Counters {
  base::Counter finds, hits, misses, cold, puts, erased, expired, evicted_memory, evicted_disk,
      corrupt, errors, recopied;
};

/// What was taken out under the lock. Destroyed after it, since unmapping and removing are slow;
/// and after the log has been told, since a file that leaves may be written to by the next value.
class Leaving {
 public:
  Leaving() = default;
  ~Leaving() {
    for (Entry& entry : removed_) {
      if (entry.file) entry.file->retire(std::move(entry.mapping));
    }
  }
  Leaving(const Leaving&) = delete;
  Leaving& operator=(const Leaving&) = delete;
  /// It is nowhere any more.
  void add(Entry removed) { removed_.push_back(std::move(removed)); }
  /// It is no longer in memory.
  void add_memory(std::shared_ptr<const std::string> blob, std::shared_ptr<Mapping> mapping) {
    blobs_.push_back(std::move(blob));
    mappings_.push_back(std::move(mapping));
  }

 private:
  std::vector<Entry> removed_;
  std::vector<std::shared_ptr<const std::string>> blobs_;
  std::vector<std::shared_ptr<Mapping>> mappings_;
};

struct Values::Impl {
  Impl(Options settings, base::Pool& pool, base::Clock& time)
      : options(std::move(settings)), work(pool), clock(time) {}

  bool keeps() const noexcept { return !options.folder.empty(); }

  // Under the lock.
  Entry* find(std::string_view space, std::string_view key, Leaving& leaving);
  Found found(const Entry& entry) const;
  base::Result<Place> append(const Record& record);
  base::Result<> make_room(std::uint64_t bytes, Leaving& leaving);
  void vacate(Entry& entry, Leaving& leaving);
  void settle(Entry& entry, Entry fresh);
  void remove(Entry& entry, Leaving& leaving);
  base::Result<> erase(Entry& entry, Leaving& leaving);
  void enter_memory(Entry& entry);
  void leave_memory(Entry& entry, Leaving& leaving);
  void shrink_memory(std::uint64_t wanted, Leaving& leaving);
  std::uint64_t disk_live_bytes() const;
  std::uint64_t memory_bytes() const;

  // Without it.
  base::Result<Outcome> put(const Put& put, Record record, Entry fresh);
  base::Result<> open_folder();
  void end_lives();
  void clean_log();
  bool copy_forward(const std::shared_ptr<Segment>& segment);
  void flush_files();
  /// Runs work on a work thread, or here when those have too much to do. ~Values waits for it.
  void run(std::function<void()> job);
  /// A value failed its checksum, or could not be read: its key is gone.
  void lost(const Found& found, const base::Error& error);
  /// Keeps what was read for the next reader.
  void loaded(const Found& found, std::shared_ptr<const std::string> blob,
              std::shared_ptr<Mapping> mapping);

  const Options options;
  base::Pool& work;
  base::Clock& clock;
  std::unique_ptr<disk::FolderLock> folder_lock;
  Disk disk;
  std::shared_ptr<LargeFiles> files;
  std::unique_ptr<policy::Eviction> memory, kept;  // the tiers: what leaves memory, what leaves
  std::unique_ptr<Log> log;                        // null when nothing is kept
  mutable std::mutex lock;  // of index, log, memory, kept, blob_bytes, unsynced
  Index index;
  std::uint64_t blob_bytes = 0;
  std::vector<std::weak_ptr<LargeFile>> unsynced;
  Counters counters;
  base::log::Occasionally complaint;
  std::mutex cleaning;
  std::atomic<bool> clean_wanted{false};
  std::mutex jobs_lock;
  std::condition_variable jobs_done;
  std::size_t jobs = 0;
};

}  // namespace refrain::values
