// Group commit. A write puts its batch in a queue and, if the writer's thread is idle, wakes it.
// The thread takes what is waiting, up to half a log's worth of bytes, and commits it as one
// transaction: while that flushes, the next group gathers. So one caller alone waits for one flush,
// and a hundred callers together wait for one or two. If a group cannot be committed, each of its
// batches is tried alone, so that one bad batch never fails its neighbours.
//
// Order after a commit: counts, then the listeners, then every `done`; all on the writer's thread,
// so whoever hears that an entry was replaced hears it before the new one is acknowledged.
#include "store/queued_store.h"

#include <algorithm>
#include <future>
#include <utility>

#include <fmt/format.h>

#include "store/limits.h"

namespace refrain::store {
namespace {

constexpr std::size_t kTouchesPerCommit = 1024;
constexpr std::size_t kRowsPerCheck = 256;  // between looks at the deadline
constexpr std::size_t kIdsPerRead = 256;

bool alive(const Record& record, WallTime now) { return !record.expires || *record.expires > now; }

}  // namespace

QueuedStore::QueuedStore(Options options, const base::Clock& clock, Parts parts)
    : options_(std::move(options)),
      clock_(clock),
      parts_(std::move(parts)),
      thread_({.name = "store", .threads = 1, .queue_max = 1024}) {
  begin_ids_at(parts_.first_id);
}

QueuedStore::~QueuedStore() {
  thread_.stop();
  std::vector<Touch> touches = take_touches(1);
  Result<Applied> flushed = parts_.sink->apply({}, touches, next_id());
  // So that last_id() is after this as it was before: an index snapshot is known again by it.
  Result<> returned = parts_.sink->give_back(next_id());
  Result<> compacted = parts_.sink->compact();
  if (!flushed || !returned || !compacted) {
    base::log::warn("store was closed without its last statistics", {{"store", parts_.label}});
  }
}

Result<std::optional<Record>> QueuedStore::find(const Call& call, const Key& exact,
                                                std::string_view canonical) {
  TRY_DO(check(call, clock_));
  std::vector<EntryId> corrupt;
  TRY(record, parts_.source->find(call, exact, canonical, corrupt));
  drop(corrupt);
  if (record && alive(*record, clock_.wall())) return std::move(record);
  if (!record && !corrupt.empty()) {
    return base::fail(
        base::Code::corrupt,
        fmt::format("stored entry {} failed its checksum and is dropped", corrupt.front()));
  }
  return std::nullopt;
}

Result<std::vector<std::optional<Record>>> QueuedStore::get(const Call& call,
                                                            std::span<const EntryId> ids) {
  TRY_DO(check(call, clock_));
  std::vector<EntryId> corrupt;
  TRY(records, parts_.source->get(call, ids, Detail::whole, corrupt));
  WallTime now = clock_.wall();
  for (std::optional<Record>& record : records) {
    if (record && !alive(*record, now)) record.reset();
  }
  drop(corrupt);
  return std::move(records);
}

Result<Page> QueuedStore::scan(const Call& call, const Scan& scan) {
  TRY_DO(check(call, clock_));
  if (scan.limit == 0) return base::fail(base::Code::invalid, "a scan with limit 0 never ends");
  Page page;
  std::vector<EntryId> corrupt;
  WallTime now = clock_.wall();
  std::size_t seen = 0;
  auto take = [&](Record&& record) -> Result<bool> {
    if (++seen % kRowsPerCheck == 0) TRY_DO(check(call, clock_));
    if (!alive(record, now) || !matches(scan.filter, record)) return true;
    if (page.records.size() == scan.limit) {
      page.next = page.records.back().id;
      return false;
    }
    page.records.push_back(std::move(record));
    return true;
  };
  if (scan.filter.ids.empty()) {
    TRY_DO(parts_.source->walk(call, {scan.after, scan.detail}, corrupt, take));
  } else {
    TRY_DO(walk_ids(call, scan, corrupt, take));
  }
  drop(corrupt);
  return page;
}

Result<> QueuedStore::walk_ids(const Call& call, const Scan& scan, std::vector<EntryId>& corrupt,
                               const Source::Each& each) {
  std::vector<EntryId> ids = scan.filter.ids;
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::span<const EntryId> rest(std::ranges::upper_bound(ids, scan.after), ids.end());
  while (!rest.empty()) {
    std::span<const EntryId> some = rest.first(std::min(rest.size(), kIdsPerRead));
    rest = rest.subspan(some.size());
    TRY(records, parts_.source->get(call, some, scan.detail, corrupt));
    for (std::optional<Record>& record : records) {
      if (!record) continue;
      TRY(more, each(std::move(*record)));
      if (!more) return {};
    }
  }
  return {};
}

void QueuedStore::drop(const std::vector<EntryId>& corrupt) {
  if (corrupt.empty()) return;
  corrupt_.add(corrupt.size());
  fault_.warn("stored entries failed their checksum and are dropped",
              {{"count", corrupt.size()}, {"entry", base::hex(corrupt.front())}});
  Batch batch;
  batch.erases = corrupt;
  write(std::move(batch), {});
}

void QueuedStore::write(Batch batch, Done done) {
  Result<> queued = [&]() -> Result<> {
    Result<std::uint64_t> bytes = weigh(batch, options_, next_id());
    if (!bytes) {
      failed_.add();
      return std::unexpected(std::move(bytes).error());
    }
    bool idle = false;
    TRY_DO(queue_.with([&](Queue& queue) -> Result<> {
      if (queue.waiting.size() >= options_.queue_max ||
          (!queue.waiting.empty() && queue.bytes + *bytes > options_.queue_bytes_max)) {
        refused_.add();
        return base::fail(base::Code::busy,
                          fmt::format("the store's queue is full: {} batches of {} bytes",
                                      queue.waiting.size(), queue.bytes));
      }
      idle = !std::exchange(queue.scheduled, true);
      queue.bytes += *bytes;
      queue.waiting.push_back({std::move(batch), std::move(done), *bytes});
      return {};
    }));
    if (idle) schedule();
    return {};
  }();
  if (!queued && done) done(std::unexpected(std::move(queued).error()));
}

void QueuedStore::schedule() {
  Result<> submitted = thread_.submit([this] { write_group(); });
  if (submitted) return;
  std::deque<Waiting> lost = queue_.with([](Queue& queue) {
    queue.scheduled = false;
    queue.bytes = 0;
    return std::exchange(queue.waiting, {});
  });
  for (Waiting& waiting : lost) {
    if (waiting.done) waiting.done(std::unexpected(submitted.error()));
  }
}

std::vector<QueuedStore::Waiting> QueuedStore::take_group() {
  return queue_.with([this](Queue& queue) {
    std::vector<Waiting> group;
    std::uint64_t bytes = 0;
    while (!queue.waiting.empty()) {
      Waiting& first = queue.waiting.front();
      if (!group.empty() && bytes + first.bytes > parts_.sink->group_bytes_max()) break;
      bytes += first.bytes;
      queue.bytes -= first.bytes;
      group.push_back(std::move(first));
      queue.waiting.pop_front();
    }
    return group;
  });
}

// One group, then to the end of the thread's queue, so that upkeep has its turn under any load.
void QueuedStore::write_group() {
  std::vector<Waiting> group = take_group();
  std::vector<Touch> touches = take_touches(kTouchesPerCommit);
  Result<> together = write_together(group, touches);
  if (!together && group.size() > 1) {
    for (Waiting& waiting : group) {
      std::vector<Waiting> alone;
      alone.push_back(std::move(waiting));
      Result<> written = write_together(alone, {});
      if (written) continue;
      failed_.add();
      if (alone[0].done) alone[0].done(std::unexpected(std::move(written).error()));
    }
  } else if (!together) {
    failed_.add();
    fault_.warn("store cannot write", {{"what", together.error().what}});
    if (group[0].done) group[0].done(std::unexpected(std::move(together).error()));
  }
  bool more = queue_.with([](Queue& queue) {
    queue.scheduled = !queue.waiting.empty();
    return queue.scheduled;
  });
  if (!more) return;
  // Behind upkeep, if that waits; while stopping nothing can be submitted, and nobody else waits.
  if (!thread_.submit([this] { write_group(); })) write_group();
}

Result<> QueuedStore::write_together(std::vector<Waiting>& group, std::span<const Touch> touches) {
  std::vector<Batch*> batches;
  for (Waiting& waiting : group) {
    for (Record& record : waiting.batch.puts) {
      if (record.id == 0) record.id = allot();
    }
    batches.push_back(&waiting.batch);
  }
  TRY(applied, parts_.sink->apply(batches, touches, next_id()));
  count(applied);
  announce(applied.gone);
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].done) group[i].done(std::move(applied.ids[i]));
  }
  return {};
}

void QueuedStore::count(const Applied& applied) {
  commits_.add();
  written_.add(applied.inserted);
  evicted_.add(applied.evicted);
  corrupt_.add(applied.corrupt);
}

void QueuedStore::touch(std::span<const Touch> touches) {
  touches_.with([&](Touches& noted) {
    for (const Touch& touch : touches) {
      if (noted.size() >= options_.touches_max && !noted.contains(touch.id)) {
        touches_dropped_.add();
        continue;
      }
      Touch& sum = noted[touch.id];
      sum.id = touch.id;
      sum.hits += touch.hits;
      sum.used = std::max(sum.used, touch.used);
    }
  });
}

std::vector<Touch> QueuedStore::take_touches(std::size_t at_least) {
  Touches taken = touches_.with([&](Touches& noted) {
    return noted.size() < at_least ? Touches{} : std::exchange(noted, {});
  });
  std::vector<Touch> out;
  for (const auto& [id, touch] : taken) out.push_back(touch);
  std::ranges::sort(out, {}, &Touch::id);  // pages in order
  return out;
}

Result<std::size_t> QueuedStore::upkeep(const Call& call) {
  TRY_DO(check(call, clock_));
  auto promise = std::make_shared<std::promise<Result<std::size_t>>>();
  std::future<Result<std::size_t>> future = promise->get_future();
  TRY_DO(thread_.submit([this, promise] { promise->set_value(upkeep_now()); }));
  base::Instant limit =
      std::min(call.deadline, std::chrono::steady_clock::now() + std::chrono::hours(1));
  if (future.wait_until(limit) != std::future_status::ready) {
    return base::fail(base::Code::deadline, "the store's upkeep goes on after its deadline");
  }
  return future.get();
}

Result<std::size_t> QueuedStore::upkeep_now() {
  std::vector<Touch> touches = take_touches(1);
  if (!touches.empty()) TRY_DO(parts_.sink->apply({}, touches, next_id()));
  std::size_t purged = 0;
  for (;;) {
    TRY(ids, parts_.sink->purge());
    if (ids.empty()) break;
    purged += ids.size();
    expired_.add(ids.size());
    announce(ids);
  }
  TRY_DO(parts_.sink->compact());
  TRY_DO(follow_others());
  return purged;
}

// What went is told first: an id that one transaction freed and used again is there at the end.
Result<> QueuedStore::follow_others() {
  TRY(news, parts_.sink->news());
  if (news.lost) tell_lost();
  announce(news.gone);
  for (std::span<const EntryId> rest = news.put; !rest.empty();) {
    std::span<const EntryId> ids = rest.first(std::min(rest.size(), kIdsPerRead));
    rest = rest.subspan(ids.size());
    std::vector<EntryId> corrupt;
    TRY(found, parts_.source->get({}, ids, Detail::question, corrupt));
    std::vector<Record> records;
    for (std::optional<Record>& record : found) {
      if (record) records.push_back(std::move(*record));
    }
    tell_arrived(records);
    drop(corrupt);
  }
  return {};
}

Stats QueuedStore::stats() const noexcept {
  Stats out;
  Held held = parts_.sink->held();
  out.records = held.records;
  out.bytes = held.bytes;
  out.bytes_max = options_.bytes_max;
  out.queued = queue_.with([](const Queue& queue) { return queue.waiting.size(); });
  out.commits = commits_.value();
  out.written = written_.value();
  out.evicted = evicted_.value();
  out.expired = expired_.value();
  out.corrupt = corrupt_.value();
  out.refused = refused_.value();
  out.failed = failed_.value();
  out.touches_dropped = touches_dropped_.value();
  return out;
}

}  // namespace refrain::store
