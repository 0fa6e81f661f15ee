#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "disk/sqlite.h"
#include "store/store.h"

namespace refrain::store {

/// What one transaction changed.
struct Applied {
  std::vector<std::vector<EntryId>> ids;  // of the puts, batch by batch
  std::vector<EntryId> gone;              // records that are no more
  std::size_t inserted = 0;               // of them some may be in `gone`
  std::size_t evicted = 0;
  std::size_t corrupt = 0;
};

/// The one connection that writes: transactions, byte budget, log. Synchronous, without threads of
/// its own. Threads: one at a time.
class Writer {
 public:
  /// path: of the database file. Makes and migrates it. Errors: those of schema::prepare.
  static Result<std::unique_ptr<Writer>> open(const std::string& path, const Options& options,
                                              const base::Clock& clock);

  /// Ids below were given before this opening, or may have been. Those from here to `reserved` may
  /// be given without telling the file.
  EntryId first_id() const noexcept { return first_id_; }
  EntryId reserved() const noexcept { return reserved_; }

  /// One transaction; on an error nothing is changed. Puts have their ids. next_id: the reservation
  /// is kept ahead of it. Errors: too_large, conflict, io, corrupt, busy.
  Result<Applied> apply(std::span<Batch* const> batches, std::span<const Touch> touches,
                        EntryId next_id);
  /// The last call: no id from next_id on was given, so the next opening begins there.
  Result<> give_back(EntryId next_id) { return reserve(next_id - 1); }
  /// Erases up to a bounded number of expired records; an empty result means none are left.
  Result<std::vector<EntryId>> purge();
  /// Writes the log into the file, shortens both.
  Result<> compact();
  Result<std::uint64_t> count();

  /// A group of batches larger than this is better split.
  std::uint64_t group_bytes_max() const noexcept { return log_bytes_max_ / 2; }

 private:
  Writer(const Options& options, const base::Clock& clock) : options_(options), clock_(clock) {}
  Result<> open_database(const std::string& path);
  Result<> change(std::span<Batch* const> batches, std::span<const Touch> touches,
                  Applied& applied);
  Result<> put(Record& record, Applied& applied);
  Result<> erase(EntryId id, std::vector<EntryId>& gone);
  Result<> reserve(EntryId until);
  Result<> make_room(const std::unordered_set<EntryId>& keep, Applied& applied);
  Result<std::vector<EntryId>> choose(const std::unordered_set<EntryId>& keep, std::uint64_t bytes);
  Result<std::uint64_t> pages_used();
  Result<> bound_log();

  const Options options_;
  const base::Clock& clock_;
  std::unique_ptr<disk::sqlite::Connection> connection_;
  std::uint64_t log_bytes_max_ = 0;
  std::uint64_t pages_max_ = 0;  // of the file; 0: unlimited
  EntryId first_id_ = 1, reserved_ = 1;
  EntryId hand_ = 0;  // where the last eviction stopped
};

}  // namespace refrain::store
