// Look-up by meaning: embed, search, decide. In threshold mode the nearest answers by its cosine.
// In verified mode up to ten neighbours are weighed by policy::weigh and the route's budget has the
// last word; what they say is in trust::Texts, or is read from the store once. The entry itself is
// read only if it is served.
#include <algorithm>
#include <utility>

#include "cache/cache.h"
#include "cache/decision.h"

namespace refrain::cache {

SemanticFind Cache::find_semantic(const base::Call& call, const Query& query) {
  SemanticFind find;
  semantic_finds_.add();
  // Nothing to compare with: the model need not wait for the embedder, which works when the answer
  // is kept.
  const bool hopeless = std::ranges::none_of(query.places, [&](const Place& place) {
    return vectors_->contains(place.identity.space);
  });
  if (hopeless && query.embedding != Embedding::always) return find;
  base::Result<std::vector<float>> vector = embedded(call, query, find);
  if (!vector) {
    semantic_errors_.add();
    fault_.warn("embedder failed, treated as a miss", {{"what", vector.error().what}});
    find.error = vector.error();
    return find;
  }
  find.vector = std::move(*vector);
  const base::Instant start = rooms_.clock.now();
  const std::vector<Found> found = nearest(call, query, find);
  if (query.rule.mode == policy::Mode::verified) {
    decide_by_evidence(call, query, found, find);
  } else {
    decide_by_cosine(call, query, found, find);
  }
  find.search_ms = base::milliseconds_between(start, rooms_.clock.now());
  return find;
}

base::Result<std::vector<float>> Cache::embedded(const base::Call& call, const Query& query,
                                                 SemanticFind& find) {
  const base::Instant start = rooms_.clock.now();
  std::string_view texts[] = {query.text};
  base::Result<embed::Matrix> vectors = rooms_.embedder->embed(call, texts);
  find.embed_ms = base::milliseconds_between(start, rooms_.clock.now());
  if (!vectors) return std::unexpected(std::move(vectors).error());
  return std::vector<float>(vectors->row(0).begin(), vectors->row(0).end());
}

std::vector<Cache::Found> Cache::nearest(const base::Call& call, const Query& query,
                                         SemanticFind& find) {
  std::vector<Found> found;
  for (std::size_t i = 0; i < query.places.size(); ++i) {
    auto neighbours = vectors_->find_near(call, query.places[i].identity.space, find.vector,
                                          options_.neighbours);
    if (!neighbours) {
      semantic_errors_.add();
      find.error = neighbours.error();
      continue;
    }
    for (const index::Neighbour& neighbour : *neighbours) {
      if (trust_->verdicts().quarantined(neighbour.id)) {
        trust_->refused("quarantine");
      } else if (!hidden(neighbour.id)) {
        found.push_back({neighbour, i});
      }
    }
  }
  // The first place wins a tie, as the user's own answer does at the GKV door.
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    if (a.neighbour.score != b.neighbour.score) return a.neighbour.score > b.neighbour.score;
    return std::pair(a.place, a.neighbour.id) < std::pair(b.place, b.neighbour.id);
  });
  return found;
}

// The nearest that is there and fresh; what comes after it is further away.
void Cache::decide_by_cosine(const base::Call& call, const Query& query,
                             std::span<const Found> found, SemanticFind& find) {
  for (const Found& candidate : found) {
    std::string text;
    std::shared_ptr<const Entry> entry = entry_of(call, candidate.neighbour.id, text);
    if (!entry || !fresh(*entry, query)) continue;
    const policy::Candidate judged{candidate.neighbour.id, candidate.neighbour.score, text};
    policy::Decision decision = policy::decide(query.rule, query.text, std::span(&judged, 1));
    Look look{judged.id, judged.cosine, decision.accepted.has_value(), {}};
    if (!decision.looked_at.empty()) look.reasons = std::move(decision.looked_at[0].reasons);
    find.looks.push_back(std::move(look));
    if (decision.accepted) take(std::move(entry), candidate.place, judged.cosine, find);
    if (!decision.accepted) trust_->refused("floor");
    return;
  }
}

std::vector<trust::Texts::Known> Cache::texts_of(const base::Call& call,
                                                 std::span<const Found> found) {
  std::vector<key::EntryId> ids;
  for (const Found& one : found) ids.push_back(one.neighbour.id);
  std::vector<trust::Texts::Known> out = trust_->texts().find(ids);
  std::vector<std::size_t> missing;
  std::vector<key::EntryId> wanted;
  const auto keep = [&](std::size_t at, const store::Record& record, const chat::Answer& answer) {
    auto text = trust::read_text(record.text, chat::text(answer), record.stored, record.expires);
    trust_->texts().put(ids[at], text);
    out[at] = std::move(text);
  };
  for (std::size_t at = 0; at < ids.size(); ++at) {
    if (out[at]) continue;
    if (const Pending::Item pending = pending_.find(ids[at]); pending.record) {
      keep(at, *pending.record, *pending.answer);
    } else {
      missing.push_back(at);
      wanted.push_back(ids[at]);
    }
  }
  if (wanted.empty()) return out;
  base::Result<std::vector<std::optional<store::Record>>> records = rooms_.store.get(call, wanted);
  if (!records) {
    fault_.warn("store read failed, candidates skipped", {{"what", records.error().what}});
    return out;
  }
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const std::optional<store::Record>& record = (*records)[i];
    if (!record) continue;
    if (base::Result<chat::Answer> answer = chat::decode(record->answer)) {
      keep(missing[i], *record, *answer);
    }
  }
  return out;
}

void Cache::decide_by_evidence(const base::Call& call, const Query& query,
                               std::span<const Found> found, SemanticFind& find) {
  if (found.empty()) return;
  found = found.first(std::min(found.size(), policy::kNeighboursMax));
  if (!policy::reaches_floor(query.rule, found.front().neighbour.score)) {
    find.looks.push_back({found.front().neighbour.id, found.front().neighbour.score, false,
                          {policy::floor_reason(query.rule, found.front().neighbour.score)}});
    trust_->refused("floor");
    return;
  }
  const std::vector<trust::Texts::Known> texts = texts_of(call, found);
  const base::Instant start = rooms_.clock.now();
  std::vector<Near> near;
  for (std::size_t at = 0; at < found.size(); ++at) {
    if (!texts[at] || !is_fresh(*texts[at], query.max_age, rooms_.clock.wall())) continue;
    near.push_back({found[at].neighbour.id, found[at].neighbour.score, found[at].place, texts[at]});
  }
  Verdict verdict = decide(*trust_, *rooms_.embedder, query, near);
  find.decide_ms = base::milliseconds_between(start, rooms_.clock.now());
  find.looks = std::move(verdict.looks);
  find.judgement = std::move(verdict.judgement);
  find.lesson = std::move(verdict.lesson);
  if (!verdict.accepted) return;
  const Near& best = near[*verdict.accepted];
  std::string ignored;
  std::shared_ptr<const Entry> entry = entry_of(call, best.id, ignored);
  if (!entry || !fresh(*entry, query)) return;
  take(std::move(entry), best.place, best.cosine, find);
}

void Cache::take(std::shared_ptr<const Entry> entry, std::size_t place, float cosine,
                 SemanticFind& find) {
  limits_.used(entry->id);
  semantic_hits_.add();
  store::Touch touch{entry->id, rooms_.clock.wall(), 1};
  rooms_.store.touch(std::span(&touch, 1));
  find.hit = Hit{std::move(entry), place, cosine};
}

void Cache::learn(const Lesson& lesson, const chat::Answer& fresh,
                  std::span<const key::EntryId> stored) {
  auto text = std::make_shared<trust::Text>();
  text->question = lesson.asked;
  text->answer = policy::statement(chat::text(fresh));
  const double same = policy::agreement(lesson.candidate->answer, text->answer);
  std::optional<bool> right;
  if (same >= policy::kAgrees) right = true;
  if (same >= 0 && same <= policy::kDiffers) right = false;
  trust_->learn(lesson.judged, right);
  if (lesson.judged.allowance.explore) {
    const std::int64_t tokens = chat::usage(fresh).total_tokens;
    trust_->checks().paid(static_cast<std::uint64_t>(std::max<std::int64_t>(tokens, 0)));
  }
  // The next question near here will ask how far the new answer agrees with these.
  const std::vector<trust::Texts::Known> near = trust_->texts().find(lesson.near);
  for (const key::EntryId id : stored) {
    for (std::size_t at = 0; at < near.size(); ++at) {
      if (near[at]) trust_->texts().agreement(id, *text, lesson.near[at], *near[at]);
    }
  }
}

void Cache::hide_quarantined(key::EntryId id) { front_.erase(std::span(&id, 1)); }

}  // namespace refrain::cache
