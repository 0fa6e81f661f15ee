#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/call.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/pool.h"
#include "cache/front.h"
#include "cache/limits.h"
#include "cache/pending.h"
#include "chat/answer.h"
#include "embed/embedder.h"
#include "index/space_index.h"
#include "index/spaces.h"
#include "key/identity.h"
#include "policy/gates.h"
#include "store/store.h"
#include "trust/trust.h"

namespace refrain::cache {

/// One scope in which a question may be found, and under which its answer is kept.
struct Place {
  key::Scope scope;
  key::Identity identity;
  std::string label;  // GKV's "user" or "global"; "" elsewhere
};

/// Whether a question is embedded where nothing stored could be near it.
enum class Embedding : std::uint8_t { where_it_may_hit, always };

/// Whether a look-up counts: a question about the cache changes nothing that is learnt of traffic.
enum class Traffic : std::uint8_t { real, probe };

/// A question; lives as long as its request.
struct Query {
  std::vector<Place> places;  // in order of preference; the first wins a tie
  std::string text;           // what is embedded; "" is exact only
  policy::Rule rule;          // how a semantic candidate is accepted
  std::optional<std::chrono::seconds> max_age;
  Embedding embedding = Embedding::where_it_may_hit;
  trust::Route route = {};  // whose error budget a hit is charged to, in verified mode
  trust::Explore explore = trust::Explore::never;
  Traffic traffic = Traffic::real;
};

struct Hit {
  std::shared_ptr<const Entry> entry;
  std::size_t place = 0;
  float similarity = 1;  // cosine; 1 for an exact hit
};

/// A candidate that the semantic tier weighed, for explain.
struct Look {
  key::EntryId id = 0;
  float cosine = 0;
  bool accepted = false;
  std::vector<policy::Reason> reasons;
};

/// What a fresh answer can teach: whether the best candidate would have been right.
struct Lesson {
  trust::Judgement judged;
  trust::Texts::Known candidate;
  policy::Profile asked;
  std::vector<key::EntryId> near;  // all neighbours that were weighed
};

struct SemanticFind {
  std::optional<Hit> hit;
  std::vector<Look> looks;    // best first; not all that were weighed
  std::optional<trust::Judgement> judgement;  // of the likeliest candidate, in verified mode
  std::shared_ptr<const Lesson> lesson;       // where a fresh answer would be one
  std::vector<float> vector;  // of the query; empty if the embedder failed, or need not be asked
  double embed_ms = 0, search_ms = 0;
  double decide_ms = 0;  // of search_ms: after the neighbours' texts were there
  std::optional<base::Error> error;  // the look-up failed and counts as a miss
};

/// A neighbour as it is, undecided.
struct Undecided {
  Hit hit;
  std::string text;  // what was embedded of it
};

struct NearFind {
  std::vector<Undecided> near;  // best first, equal ones by smaller id
  bool embedded = false;   // the embedder was asked
  double embed_ms = 0, search_ms = 0;
  std::optional<base::Error> error;
};

/// An answer to be kept under every place of its question.
struct Offer {
  std::vector<Place> places;
  std::string text;
  std::vector<float> vector;  // empty: embedded later, off the critical path
  std::shared_ptr<const chat::Answer> answer;
  std::string model, dialect;
  std::vector<std::string> tags;
  std::optional<std::chrono::seconds> ttl;
  std::chrono::microseconds cost{0};  // what generating took
  std::size_t entries_max = 0;        // per scope, least recently used first; 0: no limit
};

struct Stats {
  std::uint64_t exact_hits = 0, store_hits = 0, semantic_hits = 0, semantic_finds = 0,
                semantic_errors = 0;
  std::uint64_t offers = 0, offers_lost = 0, evicted_by_limit = 0;
  std::uint64_t pending = 0;
  Front::Stats front;
  store::Stats store;
  index::SpaceIndex::Stats index;
  trust::Trust::Stats trust;
};

/// The answer cache: a memory front and an index over one store. The tiers are asked separately, so
/// that each may run where its cost belongs: the front on network threads, the store on work
/// threads, meaning on look-up threads. Every error is a miss: a broken cache must not break an
/// answer. Threads: any.
class Cache {
 public:
  struct Options {
    Front::Options front;
    std::size_t neighbours = policy::kNeighboursMax;  // that are weighed
    std::string snapshot;        // file of the index's snapshot; "" keeps none
    std::string embedder_name;   // of the vectors; "" without an embedder
    std::size_t dim = 0;
  };
  struct Rooms {
    store::Store& store;
    embed::Embedder* embedder;  // null: the semantic tier is off
    base::Pool& work;
    base::Pool& lookup;
    base::Clock& clock;
    trust::Trust* trust = nullptr;  // null: its own with default settings, which keeps nothing
    index::SpaceIndex* vectors = nullptr;  // null: in this process, with a snapshot
  };

  /// Loads the index from its snapshot where that fits the store, else from the records. One that
  /// is elsewhere follows the records in the background.
  /// Errors: those of the store's scan.
  static base::Result<std::unique_ptr<Cache>> open(Options options, Rooms rooms);
  ~Cache();

  bool semantic() const noexcept { return rooms_.embedder != nullptr; }
  trust::Trust& trust() noexcept { return *trust_; }

  /// Never waits: memory only.
  std::optional<Hit> find_front(const Query& query);
  /// May read the disk. A hit is promoted to the front.
  std::optional<Hit> find_store(const base::Call& call, const Query& query);
  /// The same for one place, and with the error where there is one. Errors: those of Store::find;
  /// corrupt (an unreadable answer).
  base::Result<std::optional<Hit>> read_store(const base::Call& call, const Query& query,
                                              std::size_t place);
  /// Embeds, searches, decides; where no place has any entry, that is known without embedding,
  /// and only Embedding::always embeds.
  SemanticFind find_semantic(const base::Call& call, const Query& query);

  /// The k nearest of all places that are fresh, for who decides by a rule of its own; only with
  /// semantic(). What it serves of them it tells by served().
  NearFind find_near(const base::Call& call, const Query& query, std::size_t k);
  void served(const Entry& entry);

  /// Learns from the fresh answer to a miss. stored: the ids that offer() gave; empty: not kept.
  /// Costs some 100 microseconds, for a work thread.
  void learn(const Lesson& lesson, const chat::Answer& fresh,
             std::span<const key::EntryId> stored);
  /// An answer was said to be wrong: no tier finds it any more, although it is kept. The verdict is
  /// in trust() already.
  void hide_quarantined(key::EntryId id);

  /// Keeps an answer: found from now on, durable soon. Never waits. Returns the new ids, one per
  /// place.
  std::vector<key::EntryId> offer(Offer offer);
  /// Keeps answers and returns when they are durable; all or nothing.
  base::Result<std::vector<key::EntryId>> insert(const base::Call& call, std::vector<Offer> offers);

  /// Forgets entries everywhere, durably.
  base::Result<> forget(const base::Call& call, std::span<const key::EntryId> ids);
  /// Entries that match and are not in the store yet: found by look-ups, not by list().
  std::vector<key::EntryId> unwritten(const store::Filter& filter) const {
    return pending_.matching(filter);
  }
  /// The records that match, oldest first.
  base::Result<store::Page> list(const base::Call& call, const store::Scan& scan);

  /// Once in a while, from one thread: counts of hits, expiry, growth of the index.
  void upkeep();
  /// Writes what is waiting and the index's snapshot. The last call.
  void stop();
  Stats stats() const;

 private:
  Cache(Options options, Rooms rooms);
  base::Result<> load();
  void take(std::span<const store::Record> records);
  void build_again();
  void upkeep_of_store();
  void follow_records();
  bool load_snapshot();
  index::Spaces::Stamp stamp() const;
  void keep(const std::shared_ptr<const store::Record>& record,
            const std::shared_ptr<const chat::Answer>& answer);
  void write(std::vector<std::shared_ptr<store::Record>> records,
             std::shared_ptr<const chat::Answer> answer);
  void embed_then_write(std::vector<std::shared_ptr<store::Record>> records,
                        std::shared_ptr<const chat::Answer> answer);
  std::vector<std::shared_ptr<store::Record>> records_of(Offer& offer);
  void limit(const Offer& offer, const std::vector<key::EntryId>& ids);
  void drop(std::span<const key::EntryId> ids);
  void follow_store();
  void hide(std::span<const key::EntryId> ids);
  void unhide(std::span<const key::EntryId> ids);
  bool hidden(key::EntryId id) const;
  std::shared_ptr<const Entry> entry_of(const base::Call& call, key::EntryId id, std::string& text);
  struct Found {
    index::Neighbour neighbour;
    std::size_t place;
  };
  base::Result<std::vector<float>> embedded(const base::Call& call, const Query& query,
                                            SemanticFind& find);
  std::vector<Found> nearest(const base::Call& call, const Query& query, SemanticFind& find);
  void decide_by_cosine(const base::Call& call, const Query& query,
                        std::span<const Found> found, SemanticFind& find);
  void decide_by_evidence(const base::Call& call, const Query& query,
                          std::span<const Found> found, SemanticFind& find);
  std::vector<trust::Texts::Known> texts_of(const base::Call& call,
                                            std::span<const Found> found);
  void take(std::shared_ptr<const Entry> entry, std::size_t place, float cosine,
            SemanticFind& find);
  bool fresh(const Entry& entry, const Query& query) const;

  const Options options_;
  Rooms rooms_;
  std::unique_ptr<trust::Trust> own_trust_;
  trust::Trust* trust_;
  Front front_;
  Pending pending_;
  Limits limits_;
  base::Mutex<std::unordered_set<key::EntryId>>
      erasing_;  // the store still shows them for a moment
  std::unique_ptr<index::Spaces> spaces_;   // null: the vectors are elsewhere, or there are none
  index::SpaceIndex* vectors_ = nullptr;    // spaces_ or Rooms::vectors; null: no semantic tier
  key::EntryId settled_ = 0;                // the last id of the store when the process began
  std::atomic<bool> following_{false};
  base::Counter exact_hits_, store_hits_, semantic_hits_, semantic_finds_, semantic_errors_;
  base::Counter offers_, offers_lost_, evicted_by_limit_;
  base::log::Occasionally fault_;
};

}  // namespace refrain::cache
