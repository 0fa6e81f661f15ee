// The way of one question: the store on a work thread, meaning on a look-up thread, the model last.
// Exactly one of four things decides the flight: a hit of the store, a hit by meaning, a miss of
// both, or the look-up deadline, which counts as a miss; decide() lets the first through. With
// `overlap` the model is asked at the start into a flight of its own: a miss copies that flight's
// events into ours, a hit leaves it, which stops the model.
// The end watcher is the flight's first watcher, so that an answer is kept before any reader is
// told that it has ended: whoever asks again after the last byte finds it.
#include "serve/flying.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "serve/admission.h"

namespace refrain::serve {

void note(Decision& decision, const cache::SemanticFind& find) {
  decision.embed_ms = find.embed_ms;
  decision.search_ms = find.search_ms;
  decision.judgement = find.judgement;
  for (const cache::Look& look : find.looks) {
    Weighed weighed{look.id, look.cosine, look.accepted, {}};
    for (const policy::Reason& reason : look.reasons) {
      weighed.reasons.push_back(reason.gate + (reason.refused ? " refused: " : ": ") +
                                reason.words);
    }
    decision.candidates.push_back(std::move(weighed));
  }
  if (find.error) decision.controls.push_back("look-up failed: " + find.error->what);
}

Completions::Flying::Flying(Completions& owner, Ask ask, cache::Query query, Outcome outcome)
    : owner_(owner),
      ask_(std::move(ask)),
      query_(std::move(query)),
      outcome_(outcome),
      decision_(owner.decision_of(ask_)) {}

base::Call Completions::Flying::lookup_call() const {
  return {lookup_deadline_, flight_->stop_token(), 0};
}

void Completions::Flying::start(std::shared_ptr<chat::Flight> flight, std::optional<key::Key> key) {
  flight_ = std::move(flight);
  key_ = key;
  owner_.in_flight_.add(1);
  auto self = shared_from_this();
  flight_->watch(SIZE_MAX, true, [self] { self->landed(); });
  if (owner_.in_flight_.value() > static_cast<std::int64_t>(owner_.options_.flights_max)) {
    flight_->finish({chat::End::Kind::failed,
                     {},
                     {base::Code::busy, fmt::format("{} answers are being made, the limit",
                                                    owner_.options_.flights_max)}});
    return;
  }
  if (outcome_ != Outcome::miss) {
    decide();
    generate();
    return;
  }
  if (owner_.options_.overlap && !ask_.controls.only_if_cached) ask_ahead();
  lookup_deadline_ = owner_.rooms_.clock.now() + owner_.options_.lookup_deadline;
  timer_ = owner_.rooms_.timer.at(lookup_deadline_, [self] { self->late(); });
  if (!owner_.rooms_.work.submit([self] { self->look_in_store(); })) miss();
}

void Completions::Flying::ask_ahead() {
  ahead_ = std::make_shared<chat::Flight>(owner_.options_.answer_bytes_max);
  ahead_->join();
  ahead_stop_.emplace(flight_->stop_token(), [ahead = ahead_] {
    // A copy: leaving may end all of it, this function too.
    std::shared_ptr<chat::Flight> kept = ahead;
    kept->leave();
  });
  generating_ = owner_.rooms_.clock.now();
  owner_.rooms_.producer.start(
      {generating_ + owner_.options_.answer_deadline, ahead_->stop_token(), 0}, ask_.request,
      ahead_);
}

void Completions::Flying::look_in_store() {
  if (std::optional<cache::Hit> hit = owner_.rooms_.cache.find_store(lookup_call(), query_)) {
    if (decide()) deliver(*hit, "exact");
    return;
  }
  if (query_.text.empty() || ask_.controls.exact_only || decided_) return miss();
  auto self = shared_from_this();
  if (!owner_.rooms_.lookup.submit([self] { self->look_by_meaning(); })) miss();
}

void Completions::Flying::look_by_meaning() {
  if (owner_.rooms_.clock.now() >= lookup_deadline_) return late();
  cache::SemanticFind find = owner_.rooms_.cache.find_semantic(lookup_call(), query_);
  {
    std::lock_guard guard(lock_);
    note(decision_, find);
    vector_ = std::move(find.vector);
    lesson_ = std::move(find.lesson);
  }
  if (!find.hit) return miss();
  if (decide()) deliver(*find.hit, "semantic");
}

void Completions::Flying::deliver(const cache::Hit& hit, std::string_view tier) {
  if (ahead_) ahead_->leave();
  chat::Head head;
  head.tier = tier;
  head.similarity = hit.similarity;
  head.answer_id = hit.entry->id;
  head.source = query_.places[hit.place].label;
  head.stored = hit.entry->stored;
  head.origin = hit.entry->answer->origin;
  head.delivery = hit.entry->answer->delivery;
  {
    std::lock_guard guard(lock_);
    decision_.tier = tier;
    decision_.answer_id = head.answer_id;
    decision_.similarity = head.similarity;
    head.embed_ms = decision_.embed_ms;
    head.search_ms = decision_.search_ms;
  }
  owner_.saved(*hit.entry, ask_.received);
  flight_->begin(std::move(head));
  for (const auto& event : hit.entry->answer->events) flight_->append(event);
  flight_->finish({});
}

void Completions::Flying::late() {
  if (!decide()) return;
  owner_.lookup_deadlines_.add();
  {
    std::lock_guard guard(lock_);
    decision_.controls.push_back("the look-up took too long and counts as a miss");
  }
  go_on();
}

void Completions::Flying::miss() {
  if (decide()) go_on();
}

// Nothing stored answers.
void Completions::Flying::go_on() {
  if (ask_.controls.only_if_cached) {
    flight_->finish(
        {chat::End::Kind::failed,
         {},
         {base::Code::not_found, "only-if-cached: no stored answer fits this request"}});
    return;
  }
  generate();
}

std::pair<double, double> Completions::Flying::look_up_cost() {
  std::lock_guard guard(lock_);
  return {decision_.embed_ms, decision_.search_ms};
}

void Completions::Flying::generate() {
  if (flight_->stop_token().stop_requested()) {
    flight_->finish(
        {chat::End::Kind::failed, {}, {base::Code::cancelled, "every reader has left"}});
    return;
  }
  generated_ = true;
  auto [embed_ms, search_ms] = look_up_cost();
  flight_->looked(embed_ms, search_ms);
  if (ahead_) return pump(0, false);
  generating_ = owner_.rooms_.clock.now();
  owner_.rooms_.producer.start(
      {generating_ + owner_.options_.answer_deadline, flight_->stop_token(), 0}, ask_.request,
      flight_);
}

// Copies the model's own flight into ours: what is there now, then again on every wake-up.
void Completions::Flying::pump(std::size_t cursor, bool begun) {
  chat::Flight::Slice slice = ahead_->read(cursor);
  if (slice.head && !begun) {
    flight_->begin(*slice.head);
    begun = true;
  }
  for (const auto& event : slice.events) flight_->append(event);
  cursor += slice.events.size();
  if (slice.end) {
    flight_->finish(*slice.end);
    return;
  }
  auto self = shared_from_this();
  ahead_->watch(cursor, begun, [self, cursor, begun] { self->pump(cursor, begun); });
}

void Completions::Flying::landed() {
  if (base::Timer::Id timer = timer_) owner_.rooms_.timer.cancel(timer);
  std::shared_ptr<const chat::End> end = flight_->read(SIZE_MAX).end;
  if (end->kind == chat::End::Kind::failed) owner_.failed_.add();
  if (end->kind == chat::End::Kind::refused) owner_.refused_.add();
  if (generated_ && end->kind == chat::End::Kind::answered) {
    if (std::optional<chat::Answer> answer = flight_->answer()) keep(*answer);
  }
  // After keep(): a request that comes in between joins this flight or finds the entry.
  if (key_) owner_.flights_.remove(*key_, flight_.get());
  owner_.in_flight_.add(-1);
  Decision decision;
  {
    std::lock_guard guard(lock_);
    decision = decision_;
  }
  Outcome outcome = decision.tier.empty() ? outcome_ : Outcome::hit;
  std::shared_ptr<const chat::Head> head = flight_->read(SIZE_MAX).head;
  std::string source = decision.tier.empty() ? "" : head->source;
  if (head && head->reuse) decision.reuse = head->reuse;
  owner_.count(ask_, outcome, decision.tier, source);
  decision.outcome = name(outcome);
  decision.total_ms = base::milliseconds_between(ask_.received, owner_.rooms_.clock.now());
  owner_.rooms_.journal.add(std::move(decision));
}

void Completions::Flying::keep(const chat::Answer& answer) {
  if (!ask_.certain || !ask_.controls.store || ask_.places.empty()) return;
  const Route& route = owner_.route(ask_.request.dialect);
  std::string why_not = why_not_kept(answer, route.store_length);
  if (!why_not.empty()) {
    owner_.not_stored_.add();
    std::lock_guard guard(lock_);
    decision_.controls.push_back("not stored: " + why_not);
    return;
  }
  cache::Offer offer;
  offer.places = std::move(ask_.places);
  offer.text = query_.text;
  {
    std::lock_guard guard(lock_);
    offer.vector = vector_;
  }
  offer.answer = std::make_shared<const chat::Answer>(answer);
  offer.model = ask_.request.model;
  offer.dialect = chat::name(ask_.request.dialect);
  offer.tags = ask_.controls.tags;
  offer.ttl = ask_.controls.ttl.value_or(route.ttl);
  offer.cost = std::chrono::duration_cast<std::chrono::microseconds>(owner_.rooms_.clock.now() -
                                                                     generating_);
  offer.entries_max = route.entries_max;
  std::shared_ptr<const chat::Answer> kept = offer.answer;
  std::vector<key::EntryId> ids = owner_.rooms_.cache.offer(std::move(offer));
  owner_.stored_.add();
  {
    std::lock_guard guard(lock_);
    if (!ids.empty()) {
      decision_.controls.push_back("stored as " + base::hex(ids.front()));
      decision_.stored_as = ids.front();
    }
  }
  learn(std::move(kept), std::move(ids));
}

// A miss that had a candidate is a free label. Nobody waits for it: a full queue loses it.
void Completions::Flying::learn(std::shared_ptr<const chat::Answer> answer,
                                std::vector<key::EntryId> stored) {
  std::shared_ptr<const cache::Lesson> lesson;
  {
    std::lock_guard guard(lock_);
    lesson = lesson_;
  }
  if (!lesson) return;
  (void)owner_.rooms_.work.submit([&cache = owner_.rooms_.cache, lesson, answer, stored] {
    cache.learn(*lesson, *answer, stored);
  });
}

}  // namespace refrain::serve
