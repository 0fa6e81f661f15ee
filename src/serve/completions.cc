#include "serve/completions.h"

#include <utility>

#include "base/hash.h"
#include "key/canonical.h"
#include "serve/alone_place.h"
#include "serve/flying.h"

namespace refrain::serve {
namespace {

// Only requests that ask the same of the cache may share a flight, else one would get what another
// refused. What is said rarely is not worth a finer rule: such requests fly alone.
bool plain(const key::Controls& controls) {
  return controls.read && controls.store && !controls.only_if_cached && !controls.exact_only &&
         !controls.max_age && !controls.ttl && controls.tags.empty();
}

// What a flight is listed under: the bytes of all its places. Who keeps an answer in fewer places,
// or in others, flies apart, although the first place may be the same. No two lists share their
// bytes: each part ends by itself.
std::string flight_bytes(const std::vector<cache::Place>& places) {
  std::string out;
  for (const cache::Place& place : places) key::part::text(place.identity.canonical, out);
  return out;
}

std::string_view mode_name(policy::Mode mode) {
  switch (mode) {
    case policy::Mode::verified: return "verified";
    case policy::Mode::threshold: return "threshold";
    case policy::Mode::off: return "off";
  }
  return "off";
}

chat::Head head_of(const cache::Hit& hit, std::string_view tier, const std::string& label) {
  chat::Head head;
  head.tier = tier;
  head.similarity = hit.similarity;
  head.answer_id = hit.entry->id;
  head.source = label;
  head.stored = hit.entry->stored;
  head.origin = hit.entry->answer->origin;
  head.delivery = hit.entry->answer->delivery;
  return head;
}

}  // namespace

Completions::Completions(Options options, Rooms rooms)
    : options_(std::move(options)), rooms_(rooms) {}

Completions::~Completions() = default;

cache::Query Completions::query_of(const Ask& ask, cache::Traffic traffic) const {
  const Route& route = options_.routes.at(ask.request.dialect);
  cache::Query query;
  query.places = ask.places;
  if (options_.across_conversations && !query.places.empty()) {
    std::optional<cache::Place> alone =
        alone_place(ask.request, query.places.front().scope, route.key_rules);
    if (alone) query.places.push_back(std::move(*alone));
  }
  query.rule = route.rule;
  query.max_age = ask.controls.max_age;
  query.route = {std::string(chat::name(ask.request.dialect)), ask.tenant.id, ask.request.model,
                 route.rule.error_max, static_cast<double>(route.rule.alone_floor)};
  query.traffic = traffic;
  const bool generates = options_.generates && !ask.controls.only_if_cached &&
                         traffic == cache::Traffic::real;
  query.explore = generates ? trust::Explore::allowed : trust::Explore::never;
  // GKV's collection tells what embedding took for every row, the first one of a cache too.
  if (ask.request.dialect == chat::Dialect::gkv) query.embedding = cache::Embedding::always;
  bool semantic = rooms_.cache.semantic() && route.rule.mode != policy::Mode::off;
  if (semantic && !ask.request.exact_only) query.text = ask.request.text;
  return query;
}

Decision Completions::decision_of(const Ask& ask) const {
  const Route& route = options_.routes.at(ask.request.dialect);
  Decision decision;
  decision.request_id = ask.id;
  decision.when = rooms_.clock.wall();
  decision.tenant = ask.tenant.id;
  decision.dialect = chat::name(ask.request.dialect);
  decision.model = ask.request.model;
  decision.mode = mode_name(route.rule.mode);
  decision.floor = route.rule.floor;
  decision.controls = ask.controls.reasons;
  return decision;
}

void Completions::count(const Ask& ask, Outcome outcome, std::string_view tier,
                        std::string_view source) {
  auto column = static_cast<std::size_t>(outcome);
  outcomes_[column].add();
  by_dialect_[static_cast<std::size_t>(ask.request.dialect)][column].add();
  if (tier == "exact") exact_hits_.add();
  if (tier == "semantic") semantic_hits_.add();
  if (source == "user") user_hits_.add();
  if (source == "global") global_hits_.add();
  base::Histogram& seconds = tier == "exact"      ? exact_seconds_
                             : tier == "semantic" ? semantic_seconds_
                                                  : generated_seconds_;
  seconds.observe(rooms_.clock.now() - ask.received);
}

void Completions::saved(const cache::Entry& entry, base::Instant received) {
  chat::Usage usage = chat::usage(*entry.answer);
  tokens_saved_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(usage.total_tokens, 0)));
  std::chrono::nanoseconds gained = entry.cost - (rooms_.clock.now() - received);
  auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(gained).count();
  microseconds_saved_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)));
}

Ticket Completions::hit_ticket(const Ask& ask, const cache::Query& query, const cache::Hit& hit) {
  Ticket ticket;
  ticket.outcome = Outcome::hit;
  ticket.answer = hit.entry->answer;
  ticket.head = head_of(hit, "exact", query.places[hit.place].label);
  count(ask, Outcome::hit, "exact", ticket.head.source);
  saved(*hit.entry, ask.received);
  Decision decision = decision_of(ask);
  decision.outcome = "hit";
  decision.tier = "exact";
  decision.answer_id = hit.entry->id;
  decision.similarity = 1;
  decision.total_ms = base::milliseconds_between(ask.received, rooms_.clock.now());
  rooms_.journal.add(std::move(decision));
  return ticket;
}

Ticket Completions::ask(Ask ask) {
  const key::Controls& controls = ask.controls;
  ask.request.id = ask.id;
  // Prompt KV is shared within a tenant, nobody's with anybody; what may not be stored is not kept
  // as KV either.
  ask.request.realm = ask.certain && controls.store ? ask.tenant.id : "";
  ask.request.kv_name = controls.kv_name;
  bool certain = ask.certain && !ask.places.empty();
  bool read = certain && controls.read;
  cache::Query query = query_of(ask, cache::Traffic::real);
  if (read) {
    if (std::optional<cache::Hit> hit = rooms_.cache.find_front(query)) {
      Ticket ticket = hit_ticket(ask, query, *hit);
      ticket.controls = controls.reasons;
      return ticket;
    }
  }

  Ticket ticket;
  ticket.controls = controls.reasons;
  ticket.outcome = read                          ? Outcome::miss
                   : controls.refresh && certain ? Outcome::refresh
                                                 : Outcome::bypass;
  bool shared = certain && plain(controls);
  key::Key key{};
  Flights::Joined joined;
  if (shared) {
    std::string bytes = flight_bytes(query.places);
    key = base::digest(bytes);
    joined = flights_.join(key, bytes, options_.answer_bytes_max);
  } else {
    joined.flight = std::make_shared<chat::Flight>(options_.answer_bytes_max);
    joined.flight->join();
    joined.opened = true;
  }
  ticket.flight = joined.flight;
  if (!joined.opened) {
    ticket.outcome = Outcome::coalesced;
    joined.flight->watch(SIZE_MAX, true, [this, ask = std::move(ask), flight = joined.flight] {
      joined_flight_ended(ask, *flight);
    });
    return ticket;
  }
  auto flying = std::make_shared<Flying>(*this, std::move(ask), std::move(query), ticket.outcome);
  flying->start(joined.flight, shared ? std::optional(key) : std::nullopt);
  return ticket;
}

// Only now it is known whether the flight was a hit, which its reader was told.
void Completions::joined_flight_ended(const Ask& ask, const chat::Flight& flight) {
  chat::Flight::Slice slice = flight.read(SIZE_MAX);
  chat::Head head = slice.head ? *slice.head : chat::Head{};
  Outcome outcome = head.tier.empty() ? Outcome::coalesced : Outcome::hit;
  count(ask, outcome, head.tier, head.source);
  Decision decision = decision_of(ask);
  decision.outcome = name(outcome);
  decision.tier = head.tier;
  decision.answer_id = head.answer_id;
  decision.similarity = head.similarity;
  decision.controls.emplace_back("joined an equal request that was on its way");
  decision.total_ms = base::milliseconds_between(ask.received, rooms_.clock.now());
  rooms_.journal.add(std::move(decision));
}

Completions::Lookup Completions::lookup(const base::Call& call, Ask ask) {
  Lookup result;
  result.decision = decision_of(ask);
  cache::Query query = query_of(ask, cache::Traffic::probe);
  if (query.places.empty()) return result;
  result.hit = rooms_.cache.find_front(query);
  if (!result.hit) result.hit = rooms_.cache.find_store(call, query);
  if (result.hit) {
    result.tier = "exact";
  } else if (!query.text.empty() && !ask.controls.exact_only) {
    cache::SemanticFind find = rooms_.cache.find_semantic(call, query);
    note(result.decision, find);
    result.hit = find.hit;
    if (result.hit) result.tier = "semantic";
  }
  result.decision.tier = result.tier;
  result.decision.outcome = result.hit ? "hit" : "miss";
  if (result.hit) {
    result.decision.answer_id = result.hit->entry->id;
    result.decision.similarity = result.hit->similarity;
  }
  result.decision.total_ms = base::milliseconds_between(ask.received, rooms_.clock.now());
  rooms_.journal.add(result.decision);
  return result;
}

Completions::Stats Completions::stats() const {
  Stats stats;
  for (std::size_t i = 0; i < kOutcomes; ++i) stats.outcomes[i] = outcomes_[i].value();
  for (std::size_t d = 0; d < by_dialect_.size(); ++d) {
    for (std::size_t i = 0; i < kOutcomes; ++i) stats.by_dialect[d][i] = by_dialect_[d][i].value();
  }
  stats.user_hits = user_hits_.value();
  stats.global_hits = global_hits_.value();
  stats.exact_hits = exact_hits_.value();
  stats.semantic_hits = semantic_hits_.value();
  stats.stored = stored_.value();
  stats.not_stored = not_stored_.value();
  stats.failed = failed_.value();
  stats.refused = refused_.value();
  stats.lookup_deadlines = lookup_deadlines_.value();
  stats.tokens_saved = tokens_saved_.value();
  stats.milliseconds_saved = microseconds_saved_.value() / 1000;
  stats.in_flight = static_cast<std::size_t>(std::max<std::int64_t>(in_flight_.value(), 0));
  stats.exact_seconds = exact_seconds_.snapshot();
  stats.semantic_seconds = semantic_seconds_.snapshot();
  stats.generated_seconds = generated_seconds_.snapshot();
  return stats;
}

}  // namespace refrain::serve
