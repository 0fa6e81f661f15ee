#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "disk/sqlite.h"
#include "store/backend.h"
#include "store/eviction.h"
#include "store/store.h"

namespace refrain::store {

/// The one connection that writes: transactions, byte budget, log. Synchronous, without threads of
/// its own. Threads: one at a time.
class Writer final : public Sink {
 public:
  /// path: of the database file. Makes and migrates it. Errors: those of schema::prepare.
  static Result<std::unique_ptr<Writer>> open(const std::string& path, const Options& options,
                                              const base::Clock& clock);

  /// Ids below were given before this opening, or may have been. Those from here to `reserved` may
  /// be given without telling the file.
  EntryId first_id() const noexcept { return first_id_; }
  EntryId reserved() const noexcept { return reserved_; }

  Result<Applied> apply(std::span<Batch* const> batches, std::span<const Touch> touches,
                        EntryId next_id) override;
  Result<std::vector<EntryId>> purge() override;
  /// Writes the log into the file, shortens both.
  Result<> compact() override;
  Result<> give_back(EntryId next_id) override { return reserve(next_id - 1); }
  Result<News> news() override { return News{}; }
  std::uint64_t group_bytes_max() const noexcept override { return log_bytes_max_ / 2; }
  /// Bytes are those of the files.
  Held held() const noexcept override;

 private:
  Writer(std::string path, const Options& options, const base::Clock& clock)
      : path_(std::move(path)), options_(options), clock_(clock) {}
  Result<> open_database();
  Result<> change(std::span<Batch* const> batches, std::span<const Touch> touches,
                  Applied& applied);
  Result<> put(Record& record, Applied& applied);
  Result<> erase(EntryId id, std::vector<EntryId>& gone);
  Result<> reserve(EntryId until);
  Result<> make_room(const std::unordered_set<EntryId>& keep, Applied& applied);
  Result<std::uint64_t> pages_used();
  Result<> bound_log();

  const std::string path_;
  const Options options_;
  const base::Clock& clock_;
  Hand hand_{options_};
  std::unique_ptr<disk::sqlite::Connection> connection_;
  std::uint64_t log_bytes_max_ = 0;
  std::uint64_t pages_max_ = 0;  // of the file; 0: unlimited
  std::atomic<std::uint64_t> records_{0};
  EntryId first_id_ = 1, reserved_ = 1;
};

}  // namespace refrain::store
