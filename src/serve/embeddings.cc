// A batch is a set of questions. Each input has an identity of its own, whatever batch it came in:
// the front is asked on the caller's thread, the store on a work thread, and only what both do not
// know goes to the upstream, as one batch. Its answers are kept one by one.
#include "serve/embeddings.h"

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace refrain::serve {

class Embeddings::Batch : public std::enable_shared_from_this<Embeddings::Batch> {
 public:
  Batch(Embeddings& owner, Ask ask, EmbeddingWire::Items items,
        std::function<void(EmbeddingReply)> done)
      : owner_(owner),
        ask_(std::move(ask)),
        items_(std::move(items)),
        done_(std::move(done)),
        answers_(items_.requests.size()) {}

  void start() {
    bool certain = ask_.certain;
    for (const chat::Request& item : items_.requests) {
      std::vector<cache::Place> places =
          places_of(item, ask_.tenant, ask_.controls, owner_.options_.route.key_rules);
      if (places.empty()) certain = false;
      queries_.push_back(
          {std::move(places), "", owner_.options_.route.rule, ask_.controls.max_age});
    }
    ask_.certain = certain;
    reads_ = certain && ask_.controls.read;
    if (reads_) {
      for (std::size_t i = 0; i < queries_.size(); ++i) {
        take(i, owner_.rooms_.cache.find_front(queries_[i]));
      }
    }
    if (missing().empty()) return finish();
    auto self = shared_from_this();
    bool queued =
        reads_ && owner_.rooms_.work.submit([self] { self->look_in_store(); }).has_value();
    if (!queued) ask_upstream();
  }

 private:
  void take(std::size_t index, std::optional<cache::Hit> hit) {
    if (!hit) return;
    answers_[index] = hit->entry->answer;
    head_.answer_id = hit->entry->id;
    head_.stored = hit->entry->stored;
    ++cached_;
  }

  std::vector<std::size_t> missing() const {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      if (!answers_[i]) indices.push_back(i);
    }
    return indices;
  }

  void look_in_store() {
    base::Call call{owner_.rooms_.clock.now() + std::chrono::seconds(1), {}, 0};
    for (std::size_t i : missing()) take(i, owner_.rooms_.cache.find_store(call, queries_[i]));
    if (missing().empty()) return finish();
    ask_upstream();
  }

  // What is asked for: of equal inputs the first one. Where the tenant is uncertain nothing tells
  // that inputs are equal, and each is asked for.
  void pick() {
    std::unordered_map<std::string_view, std::size_t> first;
    for (std::size_t i : missing()) {
      if (ask_.certain) {
        std::string_view canonical = queries_[i].places.front().identity.canonical;
        auto [found, fresh] = first.try_emplace(canonical, i);
        if (!fresh) {
          twins_.emplace_back(i, found->second);
          continue;
        }
      }
      asked_.push_back(i);
    }
  }

  void ask_upstream() {
    if (ask_.controls.only_if_cached) {
      return fail({base::Code::deadline, "only-if-cached: not every input is stored"});
    }
    pick();
    flight_ = std::make_shared<chat::Flight>(owner_.options_.answer_bytes_max);
    flight_->join();
    auto self = shared_from_this();
    flight_->watch(SIZE_MAX, true, [self] { self->landed(); });
    asked_at_ = owner_.rooms_.clock.now();
    base::Call call{asked_at_ + owner_.options_.answer_deadline, {}, 0};
    owner_.rooms_.producer.start(call, owner_.wire_.batch(ask_.request, items_, asked_), flight_);
  }

  void landed() {
    chat::Flight::Slice slice = flight_->read(0);
    if (slice.end->kind == chat::End::Kind::refused) {
      EmbeddingReply reply;
      reply.refusal = slice.end->refusal;
      return tell(std::move(reply));
    }
    if (slice.end->kind == chat::End::Kind::failed) return fail(slice.end->error);
    if (slice.events.size() != asked_.size()) {
      return fail({base::Code::io, "the upstream sent " + std::to_string(slice.events.size()) +
                                       " embeddings for " + std::to_string(asked_.size()) +
                                       " inputs"});
    }
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      answers_[asked_[i]] = std::make_shared<const chat::Answer>(
          chat::Answer{chat::Origin::openai_embedding, chat::Delivery::whole, {slice.events[i]}});
      if (ask_.certain && ask_.controls.store) keep(asked_[i]);
    }
    for (auto [index, twin] : twins_) answers_[index] = answers_[twin];
    finish();
  }

  void keep(std::size_t index) {
    cache::Offer offer;
    offer.places = queries_[index].places;
    offer.answer = answers_[index];
    offer.model = ask_.request.model;
    offer.dialect = chat::name(chat::Dialect::openai_embedding);
    offer.tags = ask_.controls.tags;
    offer.ttl = ask_.controls.ttl.value_or(owner_.options_.route.ttl);
    offer.cost = std::chrono::duration_cast<std::chrono::microseconds>(
        (owner_.rooms_.clock.now() - asked_at_) / static_cast<std::int64_t>(asked_.size()));
    (void)owner_.rooms_.cache.offer(std::move(offer));
  }

  void fail(base::Error error) {
    EmbeddingReply reply;
    reply.error = std::move(error);
    tell(std::move(reply));
  }

  Outcome outcome() const {
    if (cached_ == answers_.size()) return Outcome::hit;
    if (reads_) return Outcome::miss;
    return ask_.controls.refresh && ask_.certain ? Outcome::refresh : Outcome::bypass;
  }

  void tell(EmbeddingReply reply) {
    reply.outcome = outcome();
    owner_.outcomes_[static_cast<std::size_t>(reply.outcome)].add();
    done_(std::move(reply));
  }

  void finish() {
    owner_.inputs_cached_.add(cached_);
    EmbeddingReply reply;
    std::vector<const chat::Answer*> answers;
    for (const auto& answer : answers_) answers.push_back(answer.get());
    reply.body = owner_.wire_.render(answers);
    reply.cached = cached_;
    reply.head = head_;
    if (outcome() == Outcome::hit) {
      reply.head.tier = "exact";
      reply.head.similarity = 1;
    }
    tell(std::move(reply));
  }

  Embeddings& owner_;
  Ask ask_;
  EmbeddingWire::Items items_;
  std::function<void(EmbeddingReply)> done_;
  std::vector<std::shared_ptr<const chat::Answer>> answers_;
  std::vector<cache::Query> queries_;
  std::vector<std::size_t> asked_;
  std::vector<std::pair<std::size_t, std::size_t>> twins_;  // an input, and the asked one it equals
  base::Instant asked_at_{};
  std::shared_ptr<chat::Flight> flight_;
  chat::Head head_;
  std::size_t cached_ = 0;
  bool reads_ = false;
};

Embeddings::Embeddings(Options options, EmbeddingWire wire, Rooms rooms)
    : options_(std::move(options)), wire_(std::move(wire)), rooms_(rooms) {}

void Embeddings::ask(Ask ask, std::function<void(EmbeddingReply)> done) {
  requests_.add();
  base::Result<EmbeddingWire::Items> items = wire_.split(ask.request);
  if (!items) {
    EmbeddingReply reply;
    reply.error = items.error();
    done(std::move(reply));
    return;
  }
  inputs_.add(items->requests.size());
  std::make_shared<Batch>(*this, std::move(ask), std::move(*items), std::move(done))->start();
}

Embeddings::Stats Embeddings::stats() const {
  Stats stats{requests_.value(), inputs_.value(), inputs_cached_.value()};
  for (std::size_t i = 0; i < kOutcomes; ++i) stats.outcomes[i] = outcomes_[i].value();
  return stats;
}

}  // namespace refrain::serve
