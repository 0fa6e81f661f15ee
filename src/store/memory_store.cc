#include "store/memory_store.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "store/limits.h"

namespace refrain::store {
namespace {

constexpr std::uint64_t kFillPercent = 95;  // after making room

bool alive(const Record& record, WallTime now) { return !record.expires || *record.expires > now; }

Record cut(const Record& record, Detail detail) {
  Record out = record;
  if (detail == Detail::whole) return out;
  out.canonical.clear();
  out.answer.clear();
  if (detail == Detail::head) out.vector.clear();
  return out;
}

}  // namespace

MemoryStore::MemoryStore(Options options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

Result<std::optional<Record>> MemoryStore::find(const Call& call, const Key& exact,
                                                std::string_view canonical) {
  TRY_DO(check(call, clock_));
  WallTime now = clock_.wall();
  return state_.with([&](const State& state) -> std::optional<Record> {
    auto [at, end] = state.by_exact.equal_range(exact);
    for (; at != end; ++at) {
      const Record& record = state.records.at(at->second);
      if (record.canonical == canonical && alive(record, now)) return record;
    }
    return std::nullopt;
  });
}

Result<std::vector<std::optional<Record>>> MemoryStore::get(const Call& call,
                                                            std::span<const EntryId> ids) {
  TRY_DO(check(call, clock_));
  WallTime now = clock_.wall();
  return state_.with([&](const State& state) {
    std::vector<std::optional<Record>> out(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      auto at = state.records.find(ids[i]);
      if (at != state.records.end() && alive(at->second, now)) out[i] = at->second;
    }
    return out;
  });
}

void MemoryStore::insert(State& state, Record record) {
  state.bytes += weight(record);
  state.by_exact.emplace(record.exact, record.id);
  state.records.emplace(record.id, std::move(record));
}

bool MemoryStore::erase(State& state, EntryId id) {
  auto at = state.records.find(id);
  if (at == state.records.end()) return false;
  state.bytes -= weight(at->second);
  auto [key, end] = state.by_exact.equal_range(at->second.exact);
  while (key != end && key->second != id) ++key;
  state.by_exact.erase(key);
  state.records.erase(at);
  return true;
}

std::optional<EntryId> MemoryStore::same(const State& state, const Record& record) {
  auto [at, end] = state.by_exact.equal_range(record.exact);
  for (; at != end; ++at) {
    if (state.records.at(at->second).canonical == record.canonical) return at->second;
  }
  return std::nullopt;
}

Result<std::vector<EntryId>> MemoryStore::apply(State& state, Batch& batch,
                                                std::vector<EntryId>& gone) {
  std::unordered_set<EntryId> leaving(batch.erases.begin(), batch.erases.end());
  for (const Record& record : batch.puts) {
    if (record.id != 0 && state.records.contains(record.id) && !leaving.contains(record.id)) {
      return base::fail(base::Code::conflict, fmt::format("entry {} is there already", record.id));
    }
  }
  for (EntryId id : batch.erases) {
    if (erase(state, id)) gone.push_back(id);
  }
  std::vector<EntryId> ids;
  for (Record& record : batch.puts) {
    if (record.id == 0) record.id = allot();
    record.used = std::max(record.used, record.stored);
    if (std::optional<EntryId> former = same(state, record)) {
      erase(state, *former);
      gone.push_back(*former);
    }
    ids.push_back(record.id);
    insert(state, std::move(record));
  }
  for (Embedding& embedding : batch.embeddings) {
    auto at = state.records.find(embedding.id);
    if (at == state.records.end()) continue;
    state.bytes -= weight(at->second);
    at->second.vector = std::move(embedding.vector);
    at->second.embedder = std::move(embedding.embedder);
    state.bytes += weight(at->second);
  }
  make_room(state, ids, gone);
  return ids;
}

void MemoryStore::make_room(State& state, const std::vector<EntryId>& keep,
                            std::vector<EntryId>& gone) {
  if (options_.bytes_max == 0 || state.bytes <= options_.bytes_max) return;
  std::unordered_set<EntryId> kept(keep.begin(), keep.end());
  std::vector<Candidate> candidates;
  WallTime now = clock_.wall();
  for (const auto& [id, record] : state.records) {
    if (kept.contains(id)) continue;
    Facts facts{record.stored, record.used, now, record.hits, record.cost_microseconds,
                weight(record)};
    candidates.push_back({id, worth(options_, facts), facts.bytes});
  }
  std::uint64_t target = options_.bytes_max / 100 * kFillPercent;
  for (EntryId id : least(candidates, state.bytes - target, candidates.size())) {
    erase(state, id);
    gone.push_back(id);
    evicted_.add();
  }
}

void MemoryStore::write(Batch batch, Done done) {
  Result<std::uint64_t> weighed = weigh(batch, options_, next_id());
  if (!weighed) {
    failed_.add();
    if (done) done(std::unexpected(std::move(weighed).error()));
    return;
  }
  std::vector<EntryId> gone;
  Result<std::vector<EntryId>> ids =
      state_.with([&](State& state) { return apply(state, batch, gone); });
  if (ids) {
    commits_.add();
    written_.add(ids->size());
  } else {
    failed_.add();
  }
  announce(gone);
  if (done) done(std::move(ids));
}

Result<Page> MemoryStore::scan(const Call& call, const Scan& scan) {
  TRY_DO(check(call, clock_));
  if (scan.limit == 0) return base::fail(base::Code::invalid, "a scan with limit 0 never ends");
  WallTime now = clock_.wall();
  return state_.with([&](const State& state) {
    Page page;
    for (auto at = state.records.upper_bound(scan.after); at != state.records.end(); ++at) {
      if (!alive(at->second, now) || !matches(scan.filter, at->second)) continue;
      if (page.records.size() == scan.limit) {
        page.next = page.records.back().id;
        break;
      }
      page.records.push_back(cut(at->second, scan.detail));
    }
    return page;
  });
}

void MemoryStore::touch(std::span<const Touch> touches) {
  state_.with([&](State& state) {
    for (const Touch& touch : touches) {
      auto at = state.records.find(touch.id);
      if (at == state.records.end()) continue;
      at->second.used = std::max(at->second.used, touch.used);
      at->second.hits += touch.hits;
    }
  });
}

Result<std::size_t> MemoryStore::upkeep(const Call& call) {
  TRY_DO(check(call, clock_));
  WallTime now = clock_.wall();
  std::vector<EntryId> gone;
  state_.with([&](State& state) {
    for (const auto& [id, record] : state.records) {
      if (!alive(record, now)) gone.push_back(id);
    }
    for (EntryId id : gone) erase(state, id);
  });
  expired_.add(gone.size());
  announce(gone);
  return gone.size();
}

Stats MemoryStore::stats() const noexcept {
  Stats out;
  state_.with([&](const State& state) {
    out.records = state.records.size();
    out.bytes = state.bytes;
  });
  out.bytes_max = options_.bytes_max;
  out.commits = commits_.value();
  out.written = written_.value();
  out.evicted = evicted_.value();
  out.expired = expired_.value();
  out.failed = failed_.value();
  return out;
}

}  // namespace refrain::store
