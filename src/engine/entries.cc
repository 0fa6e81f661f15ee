#include "engine/entries.h"

#include <fmt/format.h>

#include "base/random.h"

namespace refrain::engine {

std::string fresh_uuid() {
  const std::uint64_t a = base::random64();
  const std::uint64_t b = base::random64();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32U, (a >> 16U) & 0xFFFFU,
                     a & 0xFFFU, 0x8000U | ((b >> 48U) & 0x3FFFU), b & 0xFFFFFFFFFFFFU);
}

void Entries::drop(State& state, Order::iterator entry) const {
  state.by_id.erase(entry->id);
  state.order.erase(entry);
  --state.stats.entries;
}

std::string Entries::store(Entry entry) {
  entry.id = fresh_uuid();
  entry.stored = entry.used = clock_.wall();
  std::string id = entry.id;
  state_.with([&](State& state) {
    state.order.push_back(std::move(entry));
    state.by_id[id] = std::prev(state.order.end());
    ++state.stats.stores;
    ++state.stats.entries;
    while (state.stats.entries > options_.entries_max) {
      drop(state, state.order.begin());
      ++state.stats.evictions;
    }
  });
  return id;
}

std::optional<Entry> Entries::get(const std::string& id, const std::string& realm) {
  const base::WallTime now = clock_.wall();
  return state_.with([&](State& state) -> std::optional<Entry> {
    const auto found = state.by_id.find(id);
    const bool known = found != state.by_id.end();
    if (known && now - found->second->stored >= options_.ttl) {
      drop(state, found->second);
      ++state.stats.misses;
      return std::nullopt;
    }
    if (!known || (!realm.empty() && found->second->realm != realm)) {
      ++state.stats.misses;
      return std::nullopt;
    }
    ++state.stats.hits;
    ++found->second->hits;
    found->second->used = now;
    state.order.splice(state.order.end(), state.order, found->second);
    return *found->second;
  });
}

std::size_t Entries::clear(const std::string& realm) {
  return state_.with([&](State& state) {
    std::size_t count = 0;
    for (auto entry = state.order.begin(); entry != state.order.end();) {
      const auto next = std::next(entry);
      if (realm.empty() || entry->realm == realm) {
        drop(state, entry);
        ++count;
      }
      entry = next;
    }
    return count;
  });
}

Entries::Stats Entries::stats() const {
  const base::WallTime now = clock_.wall();
  return state_.with([&](State& state) {
    for (auto entry = state.order.begin(); entry != state.order.end();) {
      const auto next = std::next(entry);
      if (now - entry->stored >= options_.ttl) drop(state, entry);
      entry = next;
    }
    return state.stats;
  });
}

}  // namespace refrain::engine
