// Sixteen independent caches, each under a lock of its own that is held for a look-up or a change
// and never while anything is allocated for long, compared or called back. Which
// shard has a key is read from bits of the digest that the hash map does not use. A small front has
// fewer shards, because each bounds its own share of the bytes and must have room for a few large
// answers.
//
// Entries live in numbered slots: the eviction policy knows them by number, so it needs no map of
// its own. What an entry weighs is estimated once, when it comes.
#include "cache/front.h"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "policy/eviction.h"

namespace refrain::cache {
namespace {

using policy::Slot;

constexpr std::size_t kShardsMax = 16;
constexpr std::uint64_t kShardBytesMin = 4ULL << 20;
// Two map nodes, the slot, the policy's node, control blocks, malloc's rounding: an estimate.
constexpr std::uint64_t kOverheadBytes = 320;

struct Item {
  key::Key exact;
  std::shared_ptr<const Entry> entry;
  std::uint64_t hits = 0;  // since the last drain
  base::WallTime used{};
};

std::uint64_t weight(const Entry& entry) {
  std::uint64_t answer = entry.answer ? chat::footprint(*entry.answer) : 0;
  return kOverheadBytes + sizeof(Entry) + entry.canonical.size() + answer;
}

// The state of one shard; its functions run under the lock.
struct State {
  std::unordered_map<key::Key, Slot, key::KeyHash> slots;
  std::unordered_map<key::EntryId, Slot> by_id;
  std::vector<Item> items;
  std::vector<Slot> free;
  std::vector<Slot> touched;           // items whose hits went from 0 to 1; may be stale
  std::vector<store::Touch> departed;  // counts of items that are gone
  std::unique_ptr<policy::Eviction> eviction;
  std::size_t departed_max = 0;
  std::uint64_t hits = 0, misses = 0, evicted = 0, refused = 0;

  // Frees the slot of an item that the policy has let go, and hands its entry out: destroying an
  // answer takes a while and is done after the lock.
  std::shared_ptr<const Entry> release(Slot slot) {
    Item& item = items[slot];
    if (item.hits > 0 && item.entry->id != 0 && departed.size() < departed_max) {
      departed.push_back({item.entry->id, item.used, item.hits});
    }
    slots.erase(item.exact);
    if (auto at = by_id.find(item.entry->id); at != by_id.end() && at->second == slot) {
      by_id.erase(at);
    }
    std::shared_ptr<const Entry> entry = std::move(item.entry);
    item = Item{};
    free.push_back(slot);
    return entry;
  }
  std::shared_ptr<const Entry> remove(Slot slot) {
    eviction->removed(slot);
    return release(slot);
  }
  Slot take_slot() {
    if (free.empty()) {
      items.emplace_back();
      return static_cast<Slot>(items.size() - 1);
    }
    Slot slot = free.back();
    free.pop_back();
    return slot;
  }
};

using Entries = std::vector<std::shared_ptr<const Entry>>;

}  // namespace

struct Front::Shard {
  base::Mutex<State> state;
  std::uint64_t bytes_max = 0;
};

base::Result<> Front::Options::check() const {
  TRY_DO(policy::make_eviction(policy, {.bytes_max = bytes_max}));
  return {};
}

Front::Front(const Options& options) : options_(options) {
  std::size_t count = std::clamp<std::size_t>(options.bytes_max / kShardBytesMin, 1, kShardsMax);
  count = std::size_t{1} << (std::bit_width(count) - 1);
  for (std::size_t i = 0; i < count; ++i) {
    auto made = std::make_unique<Shard>();
    made->bytes_max = options.bytes_max / count;
    auto eviction =
        policy::make_eviction(options.policy, {.bytes_max = made->bytes_max, .seed = i + 1});
    CHECK(eviction.has_value(), "Front::Options::check() refuses unknown policies");
    made->state.with([&](State& state) {
      state.eviction = std::move(*eviction);
      state.departed_max = options.touches_max / count;
    });
    shards_.push_back(std::move(made));
  }
}

Front::~Front() = default;

Front::Shard& Front::shard(const key::Key& exact) noexcept {
  return *shards_[exact.high & (shards_.size() - 1)];
}

std::shared_ptr<const Entry> Front::find(const key::Key& exact, std::string_view canonical,
                                         base::WallTime now) {
  Shard& home = shard(exact);
  std::shared_ptr<const Entry> expired;  // destroyed after the lock
  std::shared_ptr<const Entry> found =
      home.state.with([&](State& state) -> std::shared_ptr<const Entry> {
        auto at = state.slots.find(exact);
        if (at == state.slots.end()) {
          ++state.misses;
          return nullptr;
        }
        Slot slot = at->second;
        Item& item = state.items[slot];
        if (item.entry->expires && *item.entry->expires <= now) {
          ++state.misses;
          expired = state.remove(slot);
          return nullptr;
        }
        ++state.hits;
        if (item.hits++ == 0) state.touched.push_back(slot);
        item.used = now;
        state.eviction->used(slot);
        return item.entry;
      });
  // Equal digests of 128 bits are equal bytes but for an attack, so the hit is counted first and
  // the comparison, which is most of the time, is left out of the lock.
  if (!found || found->canonical == canonical) return found;
  home.state.with([](State& state) {
    --state.hits;
    ++state.misses;
  });
  return nullptr;
}

void Front::put(const key::Key& exact, std::shared_ptr<const Entry> entry) {
  CHECK(entry != nullptr, "put an entry");
  std::uint64_t bytes = weight(*entry);
  Shard& home = shard(exact);
  Entries gone;  // destroyed after the lock
  home.state.with([&](State& state) {
    if (auto at = state.slots.find(exact); at != state.slots.end()) {
      gone.push_back(state.remove(at->second));
    }
    if (bytes > home.bytes_max) {
      ++state.refused;
      return;
    }
    Slot slot = state.take_slot();
    state.slots[exact] = slot;
    if (entry->id != 0) state.by_id[entry->id] = slot;
    state.items[slot] = Item{.exact = exact, .entry = std::move(entry)};
    std::vector<Slot> victims;
    state.eviction->admit({slot, exact.low ^ exact.high, bytes}, victims);
    state.evicted += victims.size();
    for (Slot victim : victims) gone.push_back(state.release(victim));
  });
}

void Front::erase(std::span<const key::EntryId> ids) {
  Entries gone;
  for (const auto& each : shards_) {
    each->state.with([&](State& state) {
      for (key::EntryId id : ids) {
        auto at = state.by_id.find(id);
        if (at != state.by_id.end()) gone.push_back(state.remove(at->second));
      }
    });
  }
}

void Front::clear() {
  for (const auto& each : shards_) {
    Entries gone;  // destroyed after the lock
    each->state.with([&](State& state) {
      std::vector<Slot> all;
      for (const auto& [key, slot] : state.slots) all.push_back(slot);
      for (Slot slot : all) gone.push_back(state.remove(slot));
    });
  }
}

std::vector<store::Touch> Front::drain_touches() {
  std::vector<store::Touch> out;
  for (const auto& each : shards_) {
    each->state.with([&](State& state) {
      out.insert(out.end(), state.departed.begin(), state.departed.end());
      state.departed.clear();
      for (Slot slot : state.touched) {
        Item& item = state.items[slot];
        if (item.hits == 0) continue;  // gone, or listed twice
        if (item.entry->id != 0) out.push_back({item.entry->id, item.used, item.hits});
        item.hits = 0;
      }
      state.touched.clear();
    });
  }
  return out;
}

Front::Stats Front::stats() const {
  Stats all;
  all.policy = options_.policy;
  all.bytes_max = options_.bytes_max;
  for (const auto& each : shards_) {
    each->state.with([&](const State& state) {
      all.entries += state.slots.size();
      all.bytes += state.eviction->bytes();
      all.hits += state.hits;
      all.misses += state.misses;
      all.evicted += state.evicted;
      all.refused += state.refused;
    });
  }
  return all;
}

}  // namespace refrain::cache
