#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "answers/ledger.h"
#include "answers/question.h"
#include "answers/rerank.h"
#include "base/metric.h"
#include "cache/cache.h"
#include "policy/bare_rule.h"
#include "policy/gates.h"

namespace refrain::answers {

/// Which part of the service failed.
enum class Stage : std::uint8_t { embedder, store, other };
struct Failure {
  Stage stage = Stage::other;
  base::Error error;
};
template <class T>
using Outcome = std::expected<T, Failure>;

/// A stored answer that fits.
struct Match {
  key::EntryId id = 0;
  float similarity = 1;  // cosine; 1 for an exact hit
  json::Value question;  // as it was inserted
  std::string answer;
};
/// One match; with Choice::all those that fit, best first; none is a miss.
using Matches = std::vector<Match>;

struct Entry {
  Question question;
  std::string answer;
  std::vector<std::string> tags{};
};

/// Averages since the start.
struct Report {
  std::uint64_t queries = 0, hits = 0, exact_hits = 0;
  std::uint64_t embeds = 0, searches = 0;  // queries that came so far
  double embed_ms = 0, search_ms = 0;      // of all these together
  std::uint64_t inserted = 0, removed = 0, errors = 0;
};

/// Questions and answers of many collections, with no model behind them. A collection never sees
/// another's entries. Threads: any; everything but find_now blocks.
class Service {
 public:
  struct Options {
    Keying keying{};
    policy::Rule rule{};                            // verified, threshold or off
    policy::BareRule bare{};                        // of threshold mode
    std::size_t top_k = 1;                          // candidates of threshold mode, 1 to 100
    policy::Choice choice = policy::Choice::first;  // of threshold mode
    double rerank_floor = 0.5;  // least score of a reranked candidate, on the reranker's scale
    std::optional<std::chrono::seconds> ttl{};
    base::Result<> check() const;
  };
  struct Rooms {
    cache::Cache& cache;
    embed::Embedder* embedder;  // null: exact only
    Ledger& ledger;
    Reranker* reranker;  // null: none
    std::function<std::uint64_t()> chance;
  };

  /// options.check() holds.
  Service(Options options, Rooms rooms);

  Question question(const Collection& collection, const chat::Conversation& turns) const {
    return question_of(options_.keying, collection, turns);
  }
  /// What memory knows. Never waits.
  std::optional<Matches> find_now(const Question& question);
  /// Failures: embedder (it failed, or was late), store (the exact look-up failed).
  Outcome<Matches> find(const base::Call& call, const Question& question);
  /// All or nothing, durable on return, in one transaction. Of equal questions the last answer
  /// stays; one that is there already is replaced. Returns the ids of what was written.
  /// Failures: embedder, store.
  Outcome<std::vector<key::EntryId>> insert(const base::Call& call, const Collection& collection,
                                            std::vector<Entry> entries);
  /// Forgets the collection's entries and its rows of the log; how many entries. Failures: store.
  Outcome<std::size_t> truncate(const base::Call& call, const Collection& collection);
  /// Those of the ids that are in the collection. Failures: store.
  Outcome<std::size_t> erase(const base::Call& call, const Collection& collection,
                             std::vector<key::EntryId> ids);
  /// Failures: store.
  Outcome<Ledger::Registered> register_model(const Collection& collection);

  bool as_list() const noexcept { return options_.choice == policy::Choice::all; }
  Report report() const;

 private:
  cache::Query query_of(const Question& question) const;
  Outcome<Matches> find_near(const base::Call& call, const cache::Query& query);
  Outcome<Matches> decide(const base::Call& call, const cache::Query& query);
  Outcome<std::vector<cache::Undecided>> fitting(const base::Call& call, const cache::Query& query,
                                            std::vector<cache::Undecided> near) const;
  void time(double embed_ms, double search_ms);
  Outcome<std::size_t> forget(const base::Call& call, store::Filter filter);
  std::unexpected<Failure> failed(Stage stage, base::Error error);

  const Options options_;
  Rooms rooms_;
  base::Counter queries_, hits_, exact_hits_, embeds_, embed_us_, search_us_;
  base::Counter inserted_, removed_, errors_;
};

}  // namespace refrain::answers
