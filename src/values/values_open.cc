// Starting: the log is read from its beginning, and the last word on each key counts. Files of
// large values are looked for once, at the end, so that a key that was written a thousand times
// costs one look.
#include <filesystem>
#include <unordered_map>

#include <fmt/format.h>

#include "base/hash.h"
#include "values/tiers.h"

namespace refrain::values {

using base::Code;
using base::fail;
using base::Result;

Result<> Options::check() const {
  auto wrong = [](std::string_view field, std::uint64_t value, std::string_view wanted) {
    return fail(Code::invalid, fmt::format("values: {} is {}, {} is wanted", field, value, wanted));
  };
  const std::uint64_t record = small_max + key_max + 2048 + value_max / kPieceBytes * 8;
  if (memory_max < (1U << 20)) return wrong("memory_max", memory_max, "1 MiB or more");
  if (small_max > (1U << 20)) return wrong("small_max", small_max, "1 MiB or less");
  if (key_max == 0 || key_max > (1U << 20)) return wrong("key_max", key_max, "1 to 1 MiB");
  if (segment_bytes < 2 * record || segment_bytes > (1U << 30)) {
    return wrong("segment_bytes", segment_bytes,
                 fmt::format("room for two records of {} bytes and at most 1 GiB", record));
  }
  if (value_max > (std::uint64_t{64} << 30)) return wrong("value_max", value_max, "64 GiB or less");
  if (!folder.empty() && disk_max < 8 * segment_bytes) {
    return wrong("disk_max", disk_max, fmt::format("{} or more", 8 * segment_bytes));
  }
  TRY_DO(policy::make_eviction(policy, {.bytes_max = memory_max}));
  return {};
}

namespace {

// The part of a large record that becomes a file once the log has been read.
struct Owed {
  std::uint64_t file = 0;
  std::vector<std::uint64_t> pieces;
};

class Replay {
 public:
  Replay(Index& index, base::WallTime now) : index_(index), now_(now) {}

  void see(const Record& record, Place place) {
    if (record.kind == Kind::flush) return flush(record.space);
    Entry* there = index_.find(record.space, record.key);
    const bool ended = record.expires && *record.expires <= now_;
    if (record.kind == Kind::erase || ended) {
      if (there) drop(*there);
      return;
    }
    if (record.kind == Kind::expire) {
      if (there) index_.set_expiry(*there, record.expires);
      return;
    }
    bool made = false;
    Entry& entry = index_.get(record.space, record.key, made);
    entry.bytes = record.value_bytes;
    entry.place = place;
    index_.set_expiry(entry, record.expires);
    owed_.erase(entry.slot);
    if (record.kind == Kind::large) {
      owed_[entry.slot] = {record.file, {record.pieces.begin(), record.pieces.end()}};
    }
  }
  std::unordered_map<policy::Slot, Owed>& owed() { return owed_; }

 private:
  void drop(Entry& entry) {
    owed_.erase(entry.slot);
    index_.remove(entry);
  }
  void flush(std::string_view name) {
    while (Space* space = index_.space(name)) drop(*space->by_order.begin()->second);
  }

  Index& index_;
  base::WallTime now_;
  std::unordered_map<policy::Slot, Owed> owed_;
};

}  // namespace

Result<> Values::Impl::open_folder() {
  TRY(locked, disk::FolderLock::take(options.folder));
  folder_lock = std::move(locked);
  Replay replay(index, clock.wall());
  std::uint64_t damaged = 0;
  TRY(opened, Log::open(disk, [&](const Record& record, Place place) { replay.see(record, place); },
                        damaged));
  log = std::move(opened);
  counters.corrupt.add(damaged);
  std::vector<Found> gone;
  const policy::Slot slots = index.slots();
  for (policy::Slot slot = 0; slot < slots; ++slot) {
    Entry* entry = index.at(slot);
    if (!entry) continue;
    if (const auto owed = replay.owed().find(slot); owed != replay.owed().end()) {
      auto file = files->adopt(owed->second.file, entry->bytes);
      if (file) {
        (*file)->set_pieces(std::move(owed->second.pieces));
        entry->file = std::move(*file);
      } else {
        base::log::warn("file of a value left out", {{"what", file.error().what}});
        counters.corrupt.add();
        index.remove(*entry);
        continue;
      }
    }
    log->live(entry->place);
    kept->added({slot, base::hash64(*entry->key, base::hash64(entry->space->name)),
                 2 * entry->place.bytes + (entry->file ? entry->file->capacity() : 1)});
  }
  files->remove_strangers();
  return {};
}

Result<std::unique_ptr<Values>> Values::open(Options options, base::Pool& work,
                                             base::Clock& clock) {
  TRY_DO(options.check());
  auto impl = std::make_unique<Impl>(std::move(options), work, clock);
  const Options& set = impl->options;
  impl->disk.folder = set.folder;
  impl->disk.segment_bytes = set.segment_bytes;
  impl->disk.allocate = set.allocate ? set.allocate : allocate_blocks;
  impl->files = std::make_shared<LargeFiles>(impl->disk, set.memory_max / 8);
  TRY(memory, policy::make_eviction(set.policy, {.bytes_max = set.memory_max}));
  TRY(kept, policy::make_eviction(set.policy, {.bytes_max = set.disk_max, .seed = 2}));
  impl->memory = std::move(memory);
  impl->kept = std::move(kept);
  if (impl->keeps()) TRY_DO(impl->open_folder());
  return std::unique_ptr<Values>(new Values(std::move(impl)));
}

}  // namespace refrain::values
