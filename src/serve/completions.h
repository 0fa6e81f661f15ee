#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "base/metric.h"
#include "base/pool.h"
#include "base/timer.h"
#include "cache/cache.h"
#include "chat/flight.h"
#include "policy/gates.h"
#include "serve/ask.h"
#include "serve/flights.h"
#include "serve/journal.h"

namespace refrain::serve {

/// How one dialect's answers are matched and kept.
struct Route {
  policy::Rule rule;
  std::chrono::seconds ttl = std::chrono::hours(24 * 30);
  bool store_length = false;    // keep answers that ended at the limit, which is part of the key
  std::size_t entries_max = 0;  // per scope; 0: no limit
  key::Rules key_rules;
};

/// Asks the tiers, cheapest first, and the model last; equal questions in flight share an answer.
/// The state of one request is a Flying object that lives as long as its flight; no thread waits.
/// Threads: any.
class Completions {
 public:
  struct Options {
    std::map<chat::Dialect, Route> routes;
    /// The model is asked while the embedder still works, for a faster first byte; a semantic hit
    /// then cancels it, and what the model had begun is paid for.
    bool overlap = false;
    std::chrono::milliseconds lookup_deadline{500};  // store and semantic look-up together
    std::chrono::milliseconds answer_deadline = std::chrono::minutes(10);
    std::size_t answer_bytes_max = std::size_t{64} << 20;
    std::size_t flights_max = 20000;
    /// There is a model: a would-be hit may be generated to learn from it.
    bool generates = true;
    /// A question inside a conversation that stands alone may get the answer of one that was asked
    /// at the beginning of a conversation. Otherwise all earlier turns must be equal.
    bool across_conversations = false;
  };
  struct Rooms {
    cache::Cache& cache;
    chat::Producer& producer;
    base::Pool& work;
    base::Pool& lookup;
    base::Timer& timer;
    base::Clock& clock;
    Journal& journal;
  };
  struct Stats {
    std::array<std::uint64_t, kOutcomes> outcomes{};
    std::array<std::array<std::uint64_t, kOutcomes>, 5> by_dialect{};
    std::uint64_t user_hits = 0, global_hits = 0;  // GKV's two sources
    std::uint64_t exact_hits = 0, semantic_hits = 0;
    std::uint64_t stored = 0, not_stored = 0, failed = 0, refused = 0, lookup_deadlines = 0;
    std::uint64_t tokens_saved = 0;        // of answers that were not generated again
    std::uint64_t milliseconds_saved = 0;  // what they took once, less what their hits took
    std::size_t in_flight = 0;
    base::Histogram::Snapshot exact_seconds, semantic_seconds, generated_seconds;
  };

  Completions(Options options, Rooms rooms);
  ~Completions();

  /// Answers from memory at once, or opens or joins a flight. Never waits.
  Ticket ask(Ask ask);
  /// What the tiers would say, without asking the model. Blocks: for work threads.
  struct Lookup {
    std::optional<cache::Hit> hit;
    std::string tier;
    Decision decision;
  };
  Lookup lookup(const base::Call& call, Ask ask);

  const Route& route(chat::Dialect dialect) const { return options_.routes.at(dialect); }
  /// A door tells how the reader's request ended, for the counters and the journal.
  Stats stats() const;

 private:
  class Flying;
  friend class Flying;

  cache::Query query_of(const Ask& ask, cache::Traffic traffic) const;
  Ticket hit_ticket(const Ask& ask, const cache::Query& query, const cache::Hit& hit);
  Decision decision_of(const Ask& ask) const;
  void joined_flight_ended(const Ask& ask, const chat::Flight& flight);
  void count(const Ask& ask, Outcome outcome, std::string_view tier, std::string_view source);
  void saved(const cache::Entry& entry, base::Instant received);

  const Options options_;
  Rooms rooms_;
  Flights flights_;
  std::array<base::Counter, kOutcomes> outcomes_;
  std::array<std::array<base::Counter, kOutcomes>, 5> by_dialect_;
  base::Counter user_hits_, global_hits_, exact_hits_, semantic_hits_, stored_, not_stored_,
      failed_, refused_, lookup_deadlines_, tokens_saved_, microseconds_saved_;
  base::Gauge in_flight_;
  base::Histogram exact_seconds_, semantic_seconds_, generated_seconds_;
};

}  // namespace refrain::serve
