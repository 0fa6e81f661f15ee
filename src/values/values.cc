#include "values/values.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/hash.h"
#include "values/tiers.h"

namespace refrain::values {

using base::Code;
using base::fail;
using base::Result;
using Guard = std::lock_guard<std::mutex>;

namespace {

constexpr std::uint64_t kBlobExtra = 128;  // of a small value in memory, beside its bytes

std::uint64_t memory_cost(const Entry& entry) {
  return entry.file ? entry.file->capacity() : entry.blob->size() + kBlobExtra;
}

std::uint64_t disk_cost(const Entry& entry) {
  // A log may be half dead.
  return 2 * entry.place.bytes + (entry.file ? entry.file->capacity() : 1);
}

std::uint64_t identity(const Entry& entry) {
  return base::hash64(*entry.key, base::hash64(entry.space->name));
}

}  // namespace

Values::Values(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Values::~Values() {
  std::unique_lock guard(impl_->jobs_lock);
  impl_->jobs_done.wait(guard, [&] { return impl_->jobs == 0; });
}

const Options& Values::options() const noexcept { return impl_->options; }

// ---- finding

Entry* Values::Impl::find(std::string_view space, std::string_view key, Leaving& leaving) {
  Entry* entry = index.find(space, key);
  if (!entry || !entry->expires || *entry->expires > clock.wall()) return entry;
  // Its record says when it ends, so the log need not be told.
  remove(*entry, leaving);
  counters.expired.add();
  return nullptr;
}

Found Values::Impl::found(const Entry& entry) const {
  Found out{.bytes = entry.bytes, .expires = entry.expires};
  out.place = entry.place;
  out.blob = entry.blob;
  out.file = entry.file;
  out.mapping = entry.mapping;
  if (!out.blob && !out.file) out.segment = log->find(entry.place.segment);
  return out;
}

std::optional<Found> Values::find(std::string_view space, std::string_view key) {
  Impl& impl = *impl_;
  Leaving leaving;
  Guard guard(impl.lock);
  impl.counters.finds.add();
  Entry* entry = impl.find(space, key, leaving);
  if (!entry) {
    impl.counters.misses.add();
    return std::nullopt;
  }
  impl.counters.hits.add();
  if (entry->in_memory) impl.memory->used(entry->slot);
  else impl.counters.cold.add();
  impl.kept->used(entry->slot);
  Found out = impl.found(*entry);
  if (!out.blob) {  // for what may be lost, or kept once it was read
    out.space = space;
    out.key = key;
  }
  return out;
}

std::optional<Facts> Values::facts(std::string_view space, std::string_view key) {
  Leaving leaving;
  Guard guard(impl_->lock);
  const Entry* entry = impl_->find(space, key, leaving);
  if (!entry) return std::nullopt;
  return Facts{entry->bytes, entry->expires};
}

Keys Values::scan(std::string_view name, std::uint64_t cursor, std::size_t limit) {
  Keys out;
  const base::WallTime now = impl_->clock.wall();
  Guard guard(impl_->lock);
  const Space* space = impl_->index.space(name);
  if (!space) return out;
  auto at = space->by_order.upper_bound(cursor);
  for (std::size_t seen = 0; at != space->by_order.end(); ++at, ++seen) {
    if (seen == std::max<std::size_t>(limit, 1)) return out;
    const Entry& entry = *at->second;
    out.next = entry.order;
    if (!entry.expires || *entry.expires > now) out.keys.push_back(*entry.key);
  }
  out.next = 0;
  return out;
}

std::uint64_t Values::count(std::string_view name) {
  Guard guard(impl_->lock);
  const Space* space = impl_->index.space(name);
  return space ? space->entries.size() : 0;
}

// ---- the two tiers

std::uint64_t Values::Impl::disk_live_bytes() const {
  return files->used_bytes() + 2 * log->stats().live_bytes + 2 * options.segment_bytes;
}

std::uint64_t Values::Impl::memory_bytes() const {
  return blob_bytes + static_cast<std::uint64_t>(disk.mapped.value());
}

Result<Place> Values::Impl::append(const Record& record) {
  const std::uint64_t segment = log->active()->number();
  TRY(place, log->append(record));
  if (place.segment != segment) clean_wanted = true;
  return place;
}

// What is worth least goes until `bytes` more fit the disk budget.
Result<> Values::Impl::make_room(std::uint64_t bytes, Leaving& leaving) {
  const std::uint64_t live = disk_live_bytes();
  if (live + bytes + files->pool_bytes() > options.disk_max) files->drop_pool();
  if (live + bytes <= options.disk_max) return {};
  std::vector<policy::Slot> victims;
  kept->evict(live + bytes - options.disk_max, victims);
  // They stay until the log has been told of each.
  for (const policy::Slot slot : victims) {
    kept->added({slot, identity(*index.at(slot)), disk_cost(*index.at(slot))});
  }
  for (const policy::Slot slot : victims) {
    TRY_DO(erase(*index.at(slot), leaving));
    counters.evicted_disk.add();
  }
  return {};
}

void Values::Impl::enter_memory(Entry& entry) {
  if (entry.in_memory || (!entry.blob && !entry.mapping)) return;
  if (entry.blob) blob_bytes += memory_cost(entry);
  memory->added({entry.slot, identity(entry), memory_cost(entry)});
  entry.in_memory = true;
}

void Values::Impl::leave_memory(Entry& entry, Leaving& leaving) {
  if (!entry.in_memory) return;
  entry.in_memory = false;
  if (entry.blob) blob_bytes -= memory_cost(entry);
  leaving.add_memory(std::move(entry.blob), std::move(entry.mapping));
  entry.blob = nullptr;
  entry.mapping = nullptr;
}

// Makes room for `wanted` more bytes. Mapped bytes that somebody still reads count until then.
void Values::Impl::shrink_memory(std::uint64_t wanted, Leaving& leaving) {
  const std::uint64_t now = memory_bytes() + wanted;
  if (now <= options.memory_max || memory->bytes() == 0) return;
  std::vector<policy::Slot> victims;
  memory->evict(now - options.memory_max, victims);
  for (const policy::Slot slot : victims) {
    Entry& entry = *index.at(slot);
    leave_memory(entry, leaving);
    counters.evicted_memory.add();
    if (keeps()) continue;
    remove(entry, leaving);
    counters.evicted_disk.add();
  }
}

void Values::Impl::remove(Entry& entry, Leaving& leaving) {
  if (entry.in_memory) {
    memory->removed(entry.slot);
    if (entry.blob) blob_bytes -= memory_cost(entry);
    entry.in_memory = false;
  }
  kept->removed(entry.slot);
  if (log) log->dead(entry.place);
  leaving.add(index.remove(entry));
}

Result<> Values::Impl::erase(Entry& entry, Leaving& leaving) {
  if (log) {
    TRY_DO(append({.kind = Kind::erase, .space = entry.space->name, .key = *entry.key}));
  }
  remove(entry, leaving);
  return {};
}

// ---- changing

// Empties an entry whose key gets another value.
void Values::Impl::vacate(Entry& entry, Leaving& leaving) {
  if (entry.in_memory) {
    memory->removed(entry.slot);
    if (entry.blob) blob_bytes -= memory_cost(entry);
    entry.in_memory = false;
  }
  kept->removed(entry.slot);
  if (log) log->dead(entry.place);
  Entry old;
  old.blob = std::move(entry.blob);
  old.file = std::move(entry.file);
  old.mapping = std::move(entry.mapping);
  leaving.add(std::move(old));
}

void Values::Impl::settle(Entry& entry, Entry fresh) {
  entry.bytes = fresh.bytes;
  entry.place = fresh.place;
  entry.blob = std::move(fresh.blob);
  entry.file = std::move(fresh.file);
  entry.mapping = std::move(fresh.mapping);
  index.set_expiry(entry, fresh.expires);
  if (log) log->live(entry.place);
  kept->added({entry.slot, identity(entry), disk_cost(entry)});
  enter_memory(entry);
}

Result<Outcome> Values::Impl::put(const Put& put, Record record, Entry fresh) {
  Outcome outcome;
  Leaving leaving;
  Guard guard(lock);
  Entry* there = find(put.space, put.key, leaving);
  if (there) outcome.before = found(*there);
  const bool refused = there ? put.only == Only::absent : put.only == Only::present;
  if (refused) return outcome;
  fresh.expires = put.life == Life::kept && there ? there->expires : put.expires;
  record.space = put.space;
  record.key = put.key;
  record.expires = fresh.expires;
  if (log) {
    TRY_DO(make_room(2 * encoded_bytes(record), leaving));  // may take `there` away
    TRY(place, append(record));
    fresh.place = place;
  }
  bool made = false;
  Entry& entry = index.get(put.space, put.key, made);
  if (options.sync == Sync::every_second && fresh.file) unsynced.push_back(fresh.file);
  if (!made) vacate(entry, leaving);
  settle(entry, std::move(fresh));
  shrink_memory(0, leaving);
  counters.puts.add();
  outcome.stored = true;
  return outcome;
}

namespace {

Result<> check_key(const Options& options, const Put& put) {
  if (put.key.size() > options.key_max) {
    return fail(Code::too_large, fmt::format("key has {} bytes, {} are allowed", put.key.size(),
                                             options.key_max));
  }
  if (put.space.size() > 1024) return fail(Code::too_large, "the name of the space is too long");
  return {};
}

}  // namespace

Result<Outcome> Values::put(const Put& put, std::string_view value) {
  Impl& impl = *impl_;
  TRY_DO(check_key(impl.options, put));
  if (value.size() > impl.options.small_max) {
    TRY(writer, begin(value.size()));
    TRY_DO(writer->put(value));
    return this->put(put, std::move(writer));
  }
  Entry fresh;
  fresh.bytes = value.size();
  fresh.blob = std::make_shared<const std::string>(value);
  Record record{.kind = Kind::put, .space = {}, .key = {}};
  record.value_bytes = value.size();
  record.value_check = base::hash64(value);
  record.value = value;
  Result<Outcome> outcome = impl.put(put, record, std::move(fresh));
  if (impl.clean_wanted.exchange(false)) impl.run([&impl] { impl.clean_log(); });
  return outcome;
}

Result<Outcome> Values::put(const Put& put, std::unique_ptr<Writer> writer) {
  Impl& impl = *impl_;
  TRY_DO(check_key(impl.options, put));
  if (!writer || !writer->whole()) return fail(Code::invalid, "the value is not whole");
  LargeFiles::Made made = writer->finish();
  Entry fresh;
  fresh.bytes = made.file->bytes();
  fresh.file = made.file;
  fresh.mapping = made.mapping;
  Record record{.kind = Kind::large, .space = {}, .key = {}};
  record.value_bytes = fresh.bytes;
  record.file = made.file->number();
  record.pieces = made.file->pieces();
  Result<Outcome> outcome = impl.put(put, record, std::move(fresh));
  if (!outcome || !outcome->stored) made.file->retire(std::move(made.mapping));
  return outcome;
}

Result<std::unique_ptr<Writer>> Values::begin(std::uint64_t bytes) {
  Impl& impl = *impl_;
  const Options& options = impl.options;
  const std::uint64_t capacity = capacity_for(bytes);
  const std::uint64_t most = impl.keeps() ? options.disk_max : options.memory_max;
  if (bytes > options.value_max || capacity + 2 * options.segment_bytes > most) {
    return fail(Code::too_large, fmt::format("value has {} bytes, {} are allowed", bytes,
                                             std::min(options.value_max, most)));
  }
  // A quarter: one value must not push everything else out of memory.
  auto use = bytes <= options.memory_max / 4 || !impl.keeps() ? LargeFiles::Use::mapped
                                                              : LargeFiles::Use::unmapped;
  auto room = [&](std::uint64_t disk_bytes) -> Result<> {
    Leaving leaving;
    Guard guard(impl.lock);
    if (impl.log) TRY_DO(impl.make_room(disk_bytes, leaving));
    if (use == LargeFiles::Use::mapped) impl.shrink_memory(capacity, leaving);
    return {};
  };
  TRY_DO(room(capacity));
  if (impl.keeps() && impl.memory_bytes() > options.memory_max) use = LargeFiles::Use::unmapped;
  auto made = impl.files->make(bytes, use);
  if (!made && impl.keeps()) impl.files->drop_pool();
  if (!made && impl.keeps() && impl.files->used_bytes() >= capacity) {
    // The disk has less room than its budget: what is worth least goes, once.
    const std::uint64_t used = std::min(options.disk_max, impl.files->used_bytes());
    TRY_DO(room(options.disk_max - used + capacity));
  }
  if (!made && impl.keeps()) {
    made = impl.files->make(bytes, use);
  }
  if (!made) return std::unexpected(made.error());
  return std::make_unique<Writer>(impl.files, std::move(*made));
}

Result<std::optional<Found>> Values::take(std::string_view space, std::string_view key) {
  Impl& impl = *impl_;
  Leaving leaving;
  Guard guard(impl.lock);
  Entry* entry = impl.find(space, key, leaving);
  if (!entry) return std::optional<Found>();
  Found out = impl.found(*entry);
  TRY_DO(impl.erase(*entry, leaving));
  impl.counters.erased.add();
  return std::optional(std::move(out));
}

Result<bool> Values::expire(std::string_view space, std::string_view key,
                            std::optional<base::WallTime> when) {
  Impl& impl = *impl_;
  Leaving leaving;
  Guard guard(impl.lock);
  Entry* entry = impl.find(space, key, leaving);
  if (!entry) return false;
  if (impl.log) {
    Record record{.kind = Kind::expire, .space = space, .key = key};
    record.expires = when;
    TRY_DO(impl.append(record));
  }
  impl.index.set_expiry(*entry, when);
  return true;
}

Result<std::uint64_t> Values::flush(std::string_view name) {
  Impl& impl = *impl_;
  Leaving leaving;
  Guard guard(impl.lock);
  Space* space = impl.index.space(name);
  if (!space) return std::uint64_t{0};
  if (impl.log) TRY_DO(impl.append({.kind = Kind::flush, .space = name, .key = {}}));
  const std::uint64_t count = space->entries.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    impl.remove(*space->by_order.begin()->second, leaving);
  }
  impl.counters.erased.add(count);
  return count;
}

void Values::Impl::run(std::function<void()> job) {
  {
    std::lock_guard guard(jobs_lock);
    ++jobs;
  }
  auto shared = std::make_shared<std::function<void()>>(std::move(job));
  auto whole = [this, shared] {
    std::exchange(*shared, nullptr)();  // and what it holds is gone before it counts as done
    std::lock_guard guard(jobs_lock);
    if (--jobs == 0) jobs_done.notify_all();
  };
  if (Result<> sent = work.submit(whole); !sent) whole();
}

void Values::Impl::lost(const Found& found, const base::Error& error) {
  (error.code == Code::corrupt ? counters.corrupt : counters.errors).add();
  complaint.warn("value lost", {{"code", base::name(error.code)}, {"what", error.what}});
  Leaving leaving;
  Guard guard(lock);
  Entry* entry = found.key.empty() ? nullptr : index.find(found.space, found.key);
  if (!entry || entry->place != found.place || entry->file != found.file) return;
  if (Result<> told = erase(*entry, leaving); !told) remove(*entry, leaving);
}

void Values::Impl::loaded(const Found& found, std::shared_ptr<const std::string> blob,
                          std::shared_ptr<Mapping> mapping) {
  Leaving leaving;
  Guard guard(lock);
  Entry* entry = index.find(found.space, found.key);
  if (!entry || entry->in_memory || entry->file != found.file) return;
  if (!entry->file && entry->place != found.place) return;
  entry->blob = std::move(blob);
  entry->mapping = std::move(mapping);
  enter_memory(*entry);
  shrink_memory(0, leaving);
}

Stats Values::stats() const {
  const Impl& impl = *impl_;
  const Counters& c = impl.counters;
  Stats out;
  out.pool_bytes = impl.files->pool_bytes();
  out.mapped_bytes = static_cast<std::uint64_t>(impl.disk.mapped.value());
  Guard guard(impl.lock);
  out.keys = impl.index.count();
  out.memory_bytes = impl.memory_bytes();
  out.disk_bytes = impl.files->used_bytes() + out.pool_bytes;
  if (impl.log) {
    const Log::Stats log = impl.log->stats();
    out.log_bytes = log.bytes;
    out.log_live_bytes = log.live_bytes;
    out.disk_bytes += log.bytes;
  }
  out.finds = c.finds.value();
  out.hits = c.hits.value();
  out.misses = c.misses.value();
  out.cold = c.cold.value();
  out.puts = c.puts.value();
  out.erased = c.erased.value();
  out.expired = c.expired.value();
  out.policy = impl_->options.policy;
  out.evicted_memory = c.evicted_memory.value();
  out.evicted_disk = c.evicted_disk.value();
  out.corrupt = c.corrupt.value();
  out.errors = c.errors.value();
  out.recopied_bytes = c.recopied.value();
  return out;
}

}  // namespace refrain::values
