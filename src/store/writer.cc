// Every change to the file is made here, in transactions that hold as many batches as were waiting:
// a flush to the device takes as long for a thousand records as for one.
//
// The byte budget counts what lies on the disk: the database, its log and the log's index. The log
// is kept short by checkpoints, so the database may have what is left. When a transaction makes the
// file longer than that, the same transaction erases the least valuable records until a twentieth
// is free, and hands the pages back. No moment exists at which the budget is exceeded and
// committed.
//
// Ids are given without asking the file (Store::allot). The file holds a number that all given ids
// are below, raised in steps far apart and ahead of time; after a crash counting goes on from
// there.
#include "store/writer.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "store/limits.h"
#include "store/rows.h"
#include "store/schema.h"

namespace refrain::store {
namespace {

constexpr std::uint64_t kLogBytesMin = 256 << 10;
constexpr std::uint64_t kLogBytesMax = 16 << 20;
constexpr std::uint64_t kLogShare = 16;          // of the byte budget
constexpr std::uint64_t kIndexBytes = 64 << 10;  // the log's index in shared memory
constexpr std::uint64_t kFillPercent = 95;       // after making room
constexpr std::size_t kPurgeMax = 1000;          // records in one transaction
constexpr EntryId kReserve = 1 << 16;            // ids per reservation

std::uint64_t file_bytes(const std::string& path) noexcept {
  std::error_code problem;
  std::uintmax_t size = std::filesystem::file_size(path, problem);
  return problem ? 0 : size;
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::open(const std::string& path, const Options& options,
                                             const base::Clock& clock) {
  std::unique_ptr<Writer> writer(new Writer(path, options, clock));  // NOLINT: private constructor
  TRY_DO(writer->open_database());
  return writer;
}

Result<> Writer::open_database() {
  TRY(connection, disk::sqlite::Connection::open(path_, disk::sqlite::Access::write));
  connection_ = std::move(connection);
  TRY_DO(schema::prepare(*connection_, path_, options_.durability));
  std::uint64_t budget = options_.bytes_max;
  log_bytes_max_ =
      budget == 0 ? kLogBytesMax : std::clamp(budget / kLogShare, kLogBytesMin, kLogBytesMax);
  if (budget != 0) {
    // The log holds each page of a batch once, and is bounded after the commit only.
    std::uint64_t beside = 2 * log_bytes_max_ + 2 * batch_limit(options_) + kIndexBytes;
    pages_max_ = (budget - std::min(beside, budget * 3 / 4)) / connection_->page_bytes();
  }
  TRY_DO(connection_->execute(fmt::format("PRAGMA journal_size_limit = {}", log_bytes_max_)));
  TRY(reserved, connection_->number("SELECT value FROM numbers WHERE name = 'allotted'"));
  TRY(largest, connection_->number("SELECT max(id) FROM entries"));
  first_id_ = static_cast<EntryId>(std::max(reserved, largest)) + 1;
  // On a full disk this fails, and reading must go on: then ids that nothing was stored under may
  // come again.
  Result<> kept = reserve(first_id_ + kReserve);
  if (!kept) reserved_ = first_id_;
  TRY(count, connection_->number("SELECT count(*) FROM entries"));
  records_ = static_cast<std::uint64_t>(count);
  return {};
}

Result<> Writer::reserve(EntryId until) {
  TRY(query, connection_->query("UPDATE numbers SET value = ? WHERE name = 'allotted'"));
  query.bind(1, static_cast<std::int64_t>(until));
  TRY_DO(query.run());
  reserved_ = until;
  return {};
}

Held Writer::held() const noexcept {
  return {records_, file_bytes(path_) + file_bytes(path_ + "-wal") + file_bytes(path_ + "-shm")};
}

Result<Applied> Writer::apply(std::span<Batch* const> batches, std::span<const Touch> touches,
                              EntryId next_id) {
  TRY_DO(connection_->execute("BEGIN IMMEDIATE"));
  Applied applied;
  EntryId reserved_before = reserved_;
  Result<> changed = change(batches, touches, applied);
  if (changed && next_id + kReserve / 2 > reserved_) changed = reserve(next_id + kReserve);
  if (changed) changed = connection_->execute("COMMIT");
  if (!changed) {
    reserved_ = reserved_before;
    // Some errors have rolled back already.
    if (connection_->in_transaction()) TRY_DO(connection_->execute("ROLLBACK"));
    return std::unexpected(std::move(changed).error());
  }
  records_ += applied.inserted;
  records_ -= applied.gone.size();
  // What was committed is committed: a checkpoint that fails is tried again after the next one.
  [[maybe_unused]] Result<> bounded = bound_log();
  return applied;
}

Result<> Writer::change(std::span<Batch* const> batches, std::span<const Touch> touches,
                        Applied& applied) {
  bool by_wish = std::ranges::any_of(batches, [](const Batch* b) { return !b->erases.empty(); });
  // Who asks for an erasure wants the bytes gone from the pages too; eviction has no need of that.
  TRY_DO(
      connection_->execute(by_wish ? "PRAGMA secure_delete = ON" : "PRAGMA secure_delete = FAST"));
  std::unordered_set<EntryId> fresh;
  std::vector<EntryId> corrupt;
  for (Batch* batch : batches) {
    for (EntryId id : batch->erases) TRY_DO(erase(id, applied.gone));
    std::vector<EntryId>& ids = applied.ids.emplace_back();
    for (Record& record : batch->puts) {
      TRY_DO(put(record, applied));
      ids.push_back(record.id);
      fresh.insert(record.id);
    }
    for (const Embedding& embedding : batch->embeddings) {
      TRY_DO(rows::embed(*connection_, embedding, corrupt));
    }
  }
  for (const Touch& touch : touches) TRY_DO(rows::touch(*connection_, touch));
  applied.corrupt += corrupt.size();
  for (EntryId id : corrupt) TRY_DO(erase(id, applied.gone));
  return make_room(fresh, applied);
}

Result<> Writer::put(Record& record, Applied& applied) {
  std::vector<EntryId> corrupt;
  TRY(former, rows::find(*connection_, record.exact, record.canonical, corrupt));
  if (former) TRY_DO(erase(former->id, applied.gone));
  applied.corrupt += corrupt.size();
  for (EntryId id : corrupt) TRY_DO(erase(id, applied.gone));
  TRY_DO(rows::insert(*connection_, record));
  ++applied.inserted;
  return {};
}

Result<> Writer::erase(EntryId id, std::vector<EntryId>& gone) {
  TRY(existed, rows::erase(*connection_, id));
  if (existed) gone.push_back(id);
  return {};
}

Result<std::uint64_t> Writer::pages_used() {
  TRY(all, connection_->number("PRAGMA page_count"));
  TRY(free, connection_->number("PRAGMA freelist_count"));
  return static_cast<std::uint64_t>(all - free);
}

Result<> Writer::make_room(const std::unordered_set<EntryId>& keep, Applied& applied) {
  if (pages_max_ == 0) return {};
  TRY(length, connection_->number("PRAGMA page_count"));
  if (static_cast<std::uint64_t>(length) <= pages_max_) return {};
  std::uint64_t target = pages_max_ * kFillPercent / 100;
  for (;;) {
    TRY(used, pages_used());
    if (used <= target) break;
    Hand::Wanted wanted{keep, (used - target) * connection_->page_bytes(), clock_.wall()};
    TRY(victims, hand_.choose(wanted, [this](EntryId after, std::size_t limit) {
      return rows::lean(*connection_, after, limit);
    }));
    if (victims.empty()) {
      if (used <= pages_max_) break;
      return base::fail(
          base::Code::too_large,
          fmt::format("the store's budget of {} bytes cannot hold this batch", options_.bytes_max));
    }
    for (const Lean& victim : victims) TRY_DO(erase(victim.id, applied.gone));
    applied.evicted += victims.size();
  }
  TRY(now, connection_->number("PRAGMA page_count"));
  if (static_cast<std::uint64_t>(now) <= pages_max_) return {};
  return connection_->execute(
      fmt::format("PRAGMA incremental_vacuum({})", static_cast<std::uint64_t>(now) - pages_max_));
}

Result<> Writer::bound_log() {
  using Checkpoint = disk::sqlite::Connection::Checkpoint;
  std::uint64_t bytes = connection_->log_bytes();
  if (bytes <= log_bytes_max_) return {};
  bool late = bytes > 2 * log_bytes_max_;  // readers kept passive ones from finishing
  return connection_->checkpoint(late ? Checkpoint::restart : Checkpoint::passive);
}

Result<std::vector<EntryId>> Writer::purge() {
  TRY(ids, rows::expired(*connection_, clock_.wall(), kPurgeMax));
  if (ids.empty()) return ids;
  Batch batch;
  batch.erases = ids;
  Batch* only[] = {&batch};
  TRY_DO(apply(only, {}, first_id_));
  return ids;
}

Result<> Writer::compact() {
  TRY(free, connection_->number("PRAGMA freelist_count"));
  if (free > 0) TRY_DO(connection_->execute("PRAGMA incremental_vacuum"));
  return connection_->checkpoint(disk::sqlite::Connection::Checkpoint::truncate);
}

}  // namespace refrain::store
