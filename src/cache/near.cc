// Neighbours as they are: what the doors need that reproduce the rules of others.
#include <algorithm>
#include <utility>

#include "cache/cache.h"

namespace refrain::cache {

NearFind Cache::find_near(const base::Call& call, const Query& query, std::size_t k) {
  NearFind find;
  semantic_finds_.add();
  const bool hopeless = std::ranges::none_of(
      query.places, [&](const Place& place) { return vectors_->contains(place.identity.space); });
  if (hopeless) return find;
  const base::Instant start = rooms_.clock.now();
  const std::string_view texts[] = {query.text};
  base::Result<embed::Matrix> vectors = rooms_.embedder->embed(call, texts);
  const base::Instant embedded = rooms_.clock.now();
  find.embed_ms = base::milliseconds_between(start, embedded);
  find.embedded = true;
  if (!vectors) {
    semantic_errors_.add();
    find.error = vectors.error();
    return find;
  }
  for (std::size_t i = 0; i < query.places.size(); ++i) {
    base::Result<std::vector<index::Neighbour>> neighbours =
        vectors_->find_near(call, query.places[i].identity.space, vectors->row(0), k);
    if (!neighbours) {
      semantic_errors_.add();
      find.error = neighbours.error();
      continue;
    }
    for (const index::Neighbour& neighbour : *neighbours) {
      if (trust_->verdicts().quarantined(neighbour.id)) {
        trust_->refused("quarantine");
        continue;
      }
      Undecided near;
      near.hit.entry = entry_of(call, neighbour.id, near.text);
      if (!near.hit.entry || !fresh(*near.hit.entry, query)) continue;
      near.hit.place = i;
      near.hit.similarity = neighbour.score;
      find.near.push_back(std::move(near));
    }
  }
  // Equal scores by smaller id, so that the first one is stable.
  std::ranges::sort(find.near, [](const Undecided& a, const Undecided& b) {
    if (a.hit.similarity != b.hit.similarity) return a.hit.similarity > b.hit.similarity;
    return std::pair(a.hit.place, a.hit.entry->id) < std::pair(b.hit.place, b.hit.entry->id);
  });
  if (find.near.size() > k) find.near.resize(k);
  find.search_ms = base::milliseconds_between(embedded, rooms_.clock.now());
  return find;
}

void Cache::served(const Entry& entry) {
  limits_.used(entry.id);
  semantic_hits_.add();
  const store::Touch touch{entry.id, rooms_.clock.wall(), 1};
  rooms_.store.touch(std::span(&touch, 1));
}

}  // namespace refrain::cache
