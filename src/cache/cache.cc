// The life of an entry here. offer() gives it an id, shows it in the front and the index at once,
// and hands the writing to a pool; until the store has acknowledged it, Pending answers for it, so
// a question asked again a microsecond later is a hit already. insert() is the same, but returns
// only when the store has committed. What the store erases (budget, expiry, replaced) it announces,
// and the front, the index and the limits follow. A look-up that finds an id nobody can resolve any
// more (erased in between) skips it.
#include "cache/cache.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace refrain::cache {
namespace {

std::shared_ptr<const Entry> entry_from(const store::Record& record,
                                        std::shared_ptr<const chat::Answer> answer) {
  auto entry = std::make_shared<Entry>();
  entry->canonical = record.canonical;
  entry->answer = std::move(answer);
  entry->id = record.id;
  entry->stored = record.stored;
  entry->expires = record.expires;
  entry->cost = std::chrono::microseconds(record.cost_microseconds);
  return entry;
}

base::Result<std::shared_ptr<const chat::Answer>> answer_of(const store::Record& record) {
  TRY(answer, chat::decode(record.answer));
  return std::make_shared<const chat::Answer>(std::move(answer));
}

}  // namespace

Cache::Cache(Options options, Rooms rooms)
    : options_(std::move(options)),
      rooms_(rooms),
      own_trust_(rooms.trust ? nullptr : trust::Trust::open({}, rooms.clock)),
      trust_(rooms.trust ? rooms.trust : own_trust_.get()),
      front_(options_.front) {}

Cache::~Cache() = default;

base::Result<std::unique_ptr<Cache>> Cache::open(Options options, Rooms rooms) {
  std::unique_ptr<Cache> cache(
      new Cache(std::move(options), rooms));  // NOLINT: private constructor
  TRY_DO(cache->load());
  cache->follow_store();
  return cache;
}

void Cache::follow_store() {
  rooms_.store.on_erased([this](std::span<const key::EntryId> ids) { drop(ids); });
  rooms_.store.on_arrived([this](std::span<const store::Record> records) { take(records); });
  // On the store's thread, which has better to do than to read everything.
  rooms_.store.on_lost([this] {
    front_.clear();
    base::Result<> sent = rooms_.work.submit([this] { build_again(); });
    if (!sent) base::log::warn("index is not built again", {{"what", sent.error().what}});
  });
}

bool Cache::fresh(const Entry& entry, const Query& query) const {
  base::WallTime now = rooms_.clock.wall();
  if (entry.expires && *entry.expires <= now) return false;
  return !query.max_age || now - entry.stored <= *query.max_age;
}

std::optional<Hit> Cache::find_front(const Query& query) {
  base::WallTime now = rooms_.clock.wall();
  for (std::size_t i = 0; i < query.places.size(); ++i) {
    const key::Identity& identity = query.places[i].identity;
    std::shared_ptr<const Entry> entry = front_.find(identity.exact, identity.canonical, now);
    if (!entry || !fresh(*entry, query)) continue;
    exact_hits_.add();
    limits_.used(entry->id);
    return Hit{std::move(entry), i, 1.0F};
  }
  return std::nullopt;
}

std::optional<Hit> Cache::find_store(const base::Call& call, const Query& query) {
  for (std::size_t i = 0; i < query.places.size(); ++i) {
    base::Result<std::optional<Hit>> hit = read_store(call, query, i);
    if (!hit) {
      fault_.warn("store look-up failed, treated as a miss", {{"what", hit.error().what}});
      continue;
    }
    if (*hit) return std::move(*hit);
  }
  return std::nullopt;
}

base::Result<std::optional<Hit>> Cache::read_store(const base::Call& call, const Query& query,
                                                   std::size_t place) {
  const key::Identity& identity = query.places[place].identity;
  TRY(found, rooms_.store.find(call, identity.exact, identity.canonical));
  if (!found || hidden(found->id)) return std::nullopt;
  if (trust_->verdicts().quarantined(found->id)) {
    trust_->refused("quarantine");
    return std::nullopt;
  }
  base::Result<std::shared_ptr<const chat::Answer>> answer = answer_of(*found);
  if (!answer) {
    return base::fail(answer.error().code, fmt::format("stored answer of entry {}: {}",
                                                       base::hex(found->id), answer.error().what));
  }
  std::shared_ptr<const Entry> entry = entry_from(*found, *answer);
  if (!fresh(*entry, query)) return std::nullopt;
  front_.put(identity.exact, entry);
  // Said to be wrong since we looked: whoever says so empties the front after it is noted.
  if (trust_->verdicts().quarantined(entry->id)) hide_quarantined(entry->id);
  store_hits_.add();
  limits_.used(entry->id);
  const store::Touch touch{entry->id, rooms_.clock.wall(), 1};  // later ones the front counts
  rooms_.store.touch(std::span(&touch, 1));
  return Hit{std::move(entry), place, 1.0F};
}

std::shared_ptr<const Entry> Cache::entry_of(const base::Call& call, key::EntryId id,
                                             std::string& text) {
  Pending::Item pending = pending_.find(id);
  if (pending.record) {
    text = pending.record->text;
    return entry_from(*pending.record, pending.answer);
  }
  key::EntryId ids[] = {id};
  base::Result<std::vector<std::optional<store::Record>>> records = rooms_.store.get(call, ids);
  if (!records) {
    fault_.warn("store read failed, candidate skipped", {{"what", records.error().what}});
    return nullptr;
  }
  if (!(*records)[0] || hidden(id)) return nullptr;
  const store::Record& record = *(*records)[0];
  base::Result<std::shared_ptr<const chat::Answer>> answer = answer_of(record);
  if (!answer) return nullptr;
  text = record.text;
  return entry_from(record, *answer);
}

std::vector<std::shared_ptr<store::Record>> Cache::records_of(Offer& offer) {
  base::WallTime now = rooms_.clock.wall();
  std::vector<std::shared_ptr<store::Record>> records;
  for (Place& place : offer.places) {
    auto record = std::make_shared<store::Record>();
    record->id = rooms_.store.allot();
    record->exact = place.identity.exact;
    record->space = place.identity.space;
    record->canonical = std::move(place.identity.canonical);
    if (semantic()) record->text = offer.text;
    record->vector = offer.vector;
    record->embedder = offer.vector.empty() ? "" : options_.embedder_name;
    record->tenant = place.scope.tenant;
    record->user = place.scope.user;
    record->scope = place.scope.kind;
    record->model = offer.model;
    record->dialect = offer.dialect;
    record->tags = offer.tags;
    record->stored = now;
    record->used = now;
    if (offer.ttl) record->expires = now + *offer.ttl;
    record->cost_microseconds = static_cast<std::uint64_t>(offer.cost.count());
    records.push_back(std::move(record));
  }
  return records;
}

void Cache::keep(const std::shared_ptr<const store::Record>& record,
                 const std::shared_ptr<const chat::Answer>& answer) {
  front_.put(record->exact, entry_from(*record, answer));
  if (!vectors_ || record->vector.empty()) return;
  base::Result<> kept = vectors_->upsert(record->space, record->id, record->vector);
  if (!kept) fault_.warn("index refused a vector", {{"what", kept.error().what}});
}

std::vector<key::EntryId> Cache::offer(Offer offer) {
  offers_.add();
  std::vector<std::shared_ptr<store::Record>> records = records_of(offer);
  std::vector<key::EntryId> ids;
  for (const auto& record : records) {
    ids.push_back(record->id);
    pending_.add({record, offer.answer, false, false});
    keep(record, offer.answer);
  }
  limit(offer, ids);
  bool embed_first = semantic() && !offer.text.empty() && offer.vector.empty();
  base::Pool& pool = embed_first ? rooms_.lookup : rooms_.work;
  auto job = [this, records = std::move(records), answer = offer.answer, embed_first]() mutable {
    if (embed_first) {
      embed_then_write(std::move(records), std::move(answer));
    } else {
      write(std::move(records), std::move(answer));
    }
  };
  if (base::Result<> queued = pool.submit(std::move(job)); !queued) {
    offers_lost_.add();
    pending_.remove(ids);
    fault_.warn("an answer was not stored", {{"what", queued.error().what}});
    drop(ids);
  }
  return ids;
}

void Cache::embed_then_write(std::vector<std::shared_ptr<store::Record>> records,
                             std::shared_ptr<const chat::Answer> answer) {
  base::Call call{rooms_.clock.now() + std::chrono::seconds(30), {}, 0};
  std::string_view texts[] = {records.front()->text};
  base::Result<embed::Matrix> vectors = rooms_.embedder->embed(call, texts);
  if (!vectors) {
    fault_.warn("an answer is stored without a vector", {{"what", vectors.error().what}});
    write(std::move(records), std::move(answer));
    return;
  }
  // Readers may hold the old record: a new one takes its place.
  for (auto& record : records) {
    auto embedded = std::make_shared<store::Record>(*record);
    embedded->vector.assign(vectors->row(0).begin(), vectors->row(0).end());
    embedded->embedder = options_.embedder_name;
    record = std::move(embedded);
    if (pending_.update({record, answer, false, false})) keep(record, answer);
  }
  write(std::move(records), std::move(answer));
}

void Cache::write(std::vector<std::shared_ptr<store::Record>> records,
                  std::shared_ptr<const chat::Answer> answer) {
  std::string encoded = chat::encode(*answer);
  store::Batch batch;
  std::vector<key::EntryId> ids;
  for (const auto& record : records) {
    if (!pending_.hand_over(record->id)) continue;
    ids.push_back(record->id);
    batch.puts.push_back(*record);
    batch.puts.back().answer = encoded;
  }
  if (ids.empty()) return;
  auto done = [this, ids](base::Result<std::vector<key::EntryId>> written) {
    pending_.remove(ids);
    if (written) return;
    offers_lost_.add();
    fault_.warn("an answer was not stored", {{"what", written.error().what}});
    drop(ids);
  };
  rooms_.store.write(std::move(batch), std::move(done));
}

base::Result<std::vector<key::EntryId>> Cache::insert(const base::Call& call,
                                                      std::vector<Offer> offers) {
  if (semantic()) {
    std::vector<std::string_view> texts;
    std::vector<std::size_t> whose;
    for (std::size_t i = 0; i < offers.size(); ++i) {
      if (offers[i].text.empty() || !offers[i].vector.empty()) continue;
      texts.push_back(offers[i].text);
      whose.push_back(i);
    }
    if (!texts.empty()) {
      TRY(vectors, rooms_.embedder->embed(call, texts));
      for (std::size_t i = 0; i < whose.size(); ++i) {
        offers[whose[i]].vector.assign(vectors.row(i).begin(), vectors.row(i).end());
      }
    }
  }
  store::Batch batch;
  std::vector<std::pair<std::shared_ptr<store::Record>, std::shared_ptr<const chat::Answer>>> kept;
  std::vector<key::EntryId> ids;
  for (Offer& offer : offers) {
    std::string encoded = chat::encode(*offer.answer);
    for (auto& record : records_of(offer)) {
      ids.push_back(record->id);
      batch.puts.push_back(*record);
      batch.puts.back().answer = encoded;
      kept.emplace_back(std::move(record), offer.answer);
    }
  }
  TRY_DO(store::commit(call, rooms_.store, std::move(batch)));
  std::size_t at = 0;
  for (Offer& offer : offers) {
    std::vector<key::EntryId> own(
        ids.begin() + static_cast<std::ptrdiff_t>(at),
        ids.begin() + static_cast<std::ptrdiff_t>(at + offer.places.size()));
    at += offer.places.size();
    limit(offer, own);
  }
  for (const auto& [record, answer] : kept) keep(record, answer);
  return ids;
}

void Cache::limit(const Offer& offer, const std::vector<key::EntryId>& ids) {
  if (offer.entries_max == 0) return;
  std::vector<key::EntryId> gone;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::string scope = key::bytes(offer.places[i].scope);
    for (key::EntryId id : limits_.added(scope, ids[i], offer.entries_max)) gone.push_back(id);
  }
  if (gone.empty()) return;
  evicted_by_limit_.add(gone.size());
  pending_.doom(gone);
  hide(gone);
  drop(gone);
  store::Batch batch;
  batch.erases = gone;
  rooms_.store.write(std::move(batch),
                     [this, gone](base::Result<std::vector<key::EntryId>> erased) {
                       unhide(gone);
                       if (erased) return;
                       fault_.warn("eviction was not written", {{"what", erased.error().what}});
                     });
}

void Cache::hide(std::span<const key::EntryId> ids) {
  erasing_.with([&](auto& erasing) { erasing.insert(ids.begin(), ids.end()); });
}

void Cache::unhide(std::span<const key::EntryId> ids) {
  erasing_.with([&](auto& erasing) {
    for (key::EntryId id : ids) erasing.erase(id);
  });
}

bool Cache::hidden(key::EntryId id) const {
  return erasing_.with([&](const auto& erasing) { return erasing.contains(id); });
}

void Cache::drop(std::span<const key::EntryId> ids) {
  front_.erase(ids);
  limits_.removed(ids);
  trust_->forget(ids);
  if (vectors_) vectors_->erase(ids);
}

base::Result<> Cache::forget(const base::Call& call, std::span<const key::EntryId> ids) {
  pending_.doom(ids);
  drop(ids);
  store::Batch batch;
  batch.erases.assign(ids.begin(), ids.end());
  TRY_DO(store::commit(call, rooms_.store, std::move(batch)));
  return {};
}

base::Result<store::Page> Cache::list(const base::Call& call, const store::Scan& scan) {
  return rooms_.store.scan(call, scan);
}

}  // namespace refrain::cache
