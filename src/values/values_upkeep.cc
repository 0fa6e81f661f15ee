#include <unistd.h>

#include "values/tiers.h"

namespace refrain::values {

namespace {

constexpr std::size_t kEndsPerTurn = 256;     // keys under one hold of the lock
constexpr std::size_t kCopiesPerTurn = 64;    // records, likewise
constexpr std::size_t kSegmentsPerUpkeep = 8;

}  // namespace

void Values::upkeep() {
  impl_->end_lives();
  if (!impl_->log) return;
  impl_->clean_log();
  if (impl_->options.sync == Sync::every_second) impl_->flush_files();
}

void Values::Impl::end_lives() {
  for (bool more = true; more;) {
    Leaving leaving;
    std::lock_guard guard(lock);
    const base::WallTime now = clock.wall();
    for (std::size_t i = 0; i < kEndsPerTurn; ++i) {
      Entry* entry = index.expired(now);
      more = entry != nullptr;
      if (!more) break;
      remove(*entry, leaving);
      counters.expired.add();
    }
  }
}

void Values::Impl::clean_log() {
  std::unique_lock one(cleaning, std::try_to_lock);
  if (!one) return;
  for (std::size_t i = 0; i < kSegmentsPerUpkeep; ++i) {
    std::shared_ptr<Segment> segment;
    {
      std::lock_guard guard(lock);
      segment = log->wasteful();
    }
    if (!segment || !copy_forward(segment)) return;
    std::lock_guard guard(lock);
    segment = nullptr;  // so that its file may be used again
    log->drop_oldest();
  }
}

// Writes what is still wanted of a segment to the end of the log. False: it cannot be dropped.
bool Values::Impl::copy_forward(const std::shared_ptr<Segment>& segment) {
  struct Copy {
    std::string space, key, value;
    std::vector<std::uint64_t> pieces;
    Record record;
    Place place;
  };
  std::vector<Copy> copies;
  bool good = true;
  auto write = [&] {
    std::lock_guard guard(lock);
    for (Copy& copy : copies) {
      Entry* entry = index.find(copy.space, copy.key);
      if (!entry || entry->place != copy.place) continue;
      Record record = copy.record;
      record.space = copy.space;
      record.key = copy.key;
      record.value = copy.value;
      record.pieces = copy.pieces;
      record.expires = entry->expires;
      base::Result<Place> place = good ? append(record) : std::unexpected(base::Error{});
      good = place.has_value();
      if (!good) break;
      log->dead(entry->place);
      entry->place = *place;
      log->live(entry->place);
      counters.recopied.add(place->bytes);
    }
    copies.clear();
  };
  base::Result<std::uint64_t> damaged = segment->replay([&](const Record& record, Place place) {
    if (!good || (record.kind != Kind::put && record.kind != Kind::large)) return;
    copies.push_back({std::string(record.space), std::string(record.key),
                      std::string(record.value),
                      {record.pieces.begin(), record.pieces.end()},
                      record, place});
    if (copies.size() == kCopiesPerTurn) write();
  });
  write();
  if (!damaged || !good) {
    complaint.warn("log of values cannot be cleaned",
                   {{"segment", segment->number()},
                    {"what", damaged ? "no room" : damaged.error().what}});
    return false;
  }
  // Whatever could not be read is lost: nobody may find it once the segment is gone.
  Leaving leaving;
  std::lock_guard guard(lock);
  for (policy::Slot slot = 0; log->live_in(segment->number()) > 0 && slot < index.slots(); ++slot) {
    Entry* entry = index.at(slot);
    if (!entry || entry->place.segment != segment->number()) continue;
    counters.corrupt.add();
    remove(*entry, leaving);
  }
  return true;
}

void Values::Impl::flush_files() {
  std::vector<std::weak_ptr<LargeFile>> waiting;
  std::shared_ptr<Segment> active;
  {
    std::lock_guard guard(lock);
    waiting.swap(unsynced);
    active = log->active();
  }
  // Values first: what the log shows should be there.
  for (const auto& one : waiting) {
    const std::shared_ptr<LargeFile> file = one.lock();
    if (!file) continue;  // replaced meanwhile
    if (auto opened = file->open()) ::fdatasync(opened->get());
  }
  if (base::Result<> flushed = active->sync(); !flushed) {
    counters.errors.add();
    complaint.warn("values cannot be flushed", {{"what", flushed.error().what}});
  }
}

}  // namespace refrain::values
