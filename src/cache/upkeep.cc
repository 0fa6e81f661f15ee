// What keeps the tiers in step with the store over time: loading at start, and upkeep since.
// A snapshot saves the rebuild at start. It is of use only if the store has not changed since; its
// stamp (last id and count of entries with a vector) tells. Otherwise the records are read, which
// is always right.
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "cache/cache.h"
#include "cache/truth.h"

namespace refrain::cache {
namespace {

index::Spaces::Options spaces_options(const Cache::Options& options) {
  index::Spaces::Options out;
  out.dim = options.dim;
  out.embedder = options.embedder_name;
  return out;
}

}  // namespace

base::Result<> Cache::load() {
  if (!semantic()) return {};
  settled_ = rooms_.store.last_id();
  if (rooms_.vectors) {
    vectors_ = rooms_.vectors;
    follow_records();
    return {};
  }
  TRY(spaces, index::Spaces::open(spaces_options(options_)));
  spaces_ = std::move(spaces);
  const bool loaded = load_snapshot();
  vectors_ = spaces_.get();
  if (loaded) return {};
  StoreTruth truth({options_.embedder_name, options_.dim, settled_}, rooms_.store);
  TRY_DO(vectors_->follow({}, truth));
  if (truth.strangers() > 0) {
    base::log::warn("entries of another embedder match exactly only",
                    {{"entries", truth.strangers()}, {"embedder", options_.embedder_name}});
  }
  base::log::info("index built from the records", {{"vectors", spaces_->size()}});
  return {};
}

// An index on another machine was told by whoever put them.
void Cache::take(std::span<const store::Record> records) {
  if (!spaces_) return;
  for (const store::Record& record : records) {
    if (record.embedder != options_.embedder_name || record.vector.size() != options_.dim) continue;
    base::Result<> kept = spaces_->upsert(record.space, record.id, record.vector);
    if (!kept) fault_.warn("index refused a vector", {{"what", kept.error().what}});
  }
}

// What others erased meanwhile stays in the index: a search that meets such an id skips it.
void Cache::build_again() {
  if (!spaces_) return;
  StoreTruth truth({options_.embedder_name, options_.dim, settled_}, rooms_.store);
  base::Result<> followed = spaces_->follow({}, truth);
  if (!followed) {
    base::log::warn("index could not be built again", {{"what", followed.error().what}});
    return;
  }
  base::log::info("index built again: other servers changed more than the store remembers",
                  {{"vectors", spaces_->size()}});
}

// In the background: the index is on another machine, and may be slow or away.
void Cache::follow_records() {
  if (!vectors_->wants_truth() || following_.exchange(true)) return;
  base::Result<> sent = rooms_.work.submit([this] {
    StoreTruth truth({options_.embedder_name, options_.dim, settled_}, rooms_.store);
    base::Result<> followed = vectors_->follow({}, truth);
    if (followed) {
      base::log::info("index follows the records",
                      {{"vectors", vectors_->stats().entries}, {"strangers", truth.strangers()}});
    }
    following_ = false;
  });
  if (!sent) following_ = false;
}

// The last id of the store tells whether anything was written since; erasing leaves it as it is, so
// ids that are gone may still be in the snapshot: a search that meets one skips it.
bool Cache::load_snapshot() {
  if (options_.snapshot.empty() || !std::filesystem::exists(options_.snapshot)) return false;
  base::Result<index::Spaces::Loaded> loaded =
      index::Spaces::load(options_.snapshot, spaces_options(options_));
  if (!loaded) {
    base::log::warn("index snapshot is of no use, the records are read",
                    {{"what", loaded.error().what}});
    return false;
  }
  if (loaded->stamp != stamp()) return false;
  spaces_ = std::move(loaded->spaces);
  base::log::info("index loaded from its snapshot", {{"vectors", spaces_->size()}});
  return true;
}

index::Spaces::Stamp Cache::stamp() const {
  return {rooms_.store.last_id(), rooms_.store.stats().records};
}

void Cache::upkeep() {
  upkeep_of_store();
  if (!vectors_) return;
  vectors_->upkeep();
  follow_records();
}

void Cache::upkeep_of_store() {
  std::vector<store::Touch> touches = front_.drain_touches();
  if (!touches.empty()) rooms_.store.touch(touches);
  base::Call call{rooms_.clock.now() + std::chrono::seconds(30), {}, 0};
  base::Result<std::size_t> done = rooms_.store.upkeep(call);
  if (!done) fault_.warn("upkeep of the store failed", {{"what", done.error().what}});
}

void Cache::stop() {
  upkeep_of_store();  // no graph is grown now: that may take minutes, and can wait
  // A barrier: whatever was written before is durable, and its `done` has run, before we go.
  base::Call call{rooms_.clock.now() + std::chrono::seconds(60), {}, 0};
  base::Result<std::vector<key::EntryId>> flushed = store::commit(call, rooms_.store, {});
  if (!flushed) base::log::warn("the store was not flushed", {{"what", flushed.error().what}});
  if (base::Result<> kept = trust_->save(); !kept) {
    base::log::warn("what was learnt about hits was not written", {{"what", kept.error().what}});
  }
  if (!spaces_ || options_.snapshot.empty()) return;
  base::Result<> saved = spaces_->save(options_.snapshot, stamp());
  if (!saved) base::log::warn("index snapshot was not written", {{"what", saved.error().what}});
}

Stats Cache::stats() const {
  Stats stats;
  stats.exact_hits = exact_hits_.value();
  stats.store_hits = store_hits_.value();
  stats.semantic_hits = semantic_hits_.value();
  stats.semantic_finds = semantic_finds_.value();
  stats.semantic_errors = semantic_errors_.value();
  stats.offers = offers_.value();
  stats.offers_lost = offers_lost_.value();
  stats.evicted_by_limit = evicted_by_limit_.value();
  stats.pending = pending_.size();
  stats.front = front_.stats();
  stats.store = rooms_.store.stats();
  stats.trust = trust_->stats();
  if (vectors_) stats.index = vectors_->stats();
  return stats;
}

}  // namespace refrain::cache
