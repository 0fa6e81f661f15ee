#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "key/identity.h"

namespace refrain::store {

using base::Call;
using base::Result;
using base::WallTime;
using key::EntryId;
using key::Key;

/// Everything kept of one entry.
struct Record {
  EntryId id = 0;             // in a put: a number from allot(), or 0 for the next one
  Key exact;                  // digest of canonical; not checked against it
  Key space;                  // what must be equal for a semantic match
  std::string canonical;      // compared byte by byte on an exact hit
  std::string answer;         // chat::encode; any bytes
  std::string text;           // what is embedded; "" when the entry is exact only
  std::vector<float> vector;  // [dim] unit vector, kept as f32 bit by bit; empty: not embedded yet
  std::string embedder;       // model and revision that made the vector; "" without vector
  std::string tenant, user;
  key::ScopeKind scope = key::ScopeKind::tenant;
  std::string model;
  std::string dialect;  // chat::name(Dialect)
  std::vector<std::string> tags;
  WallTime stored{};
  WallTime used{};                  // last hit; the store sets it to `stored` where it is earlier
  std::optional<WallTime> expires;  // absent from this instant on
  std::uint64_t hits = 0;
  std::uint64_t cost_microseconds = 0;  // time the generation took
  bool operator==(const Record&) const = default;
};

/// How much of a record a scan brings. Left-out members are empty.
enum class Detail : std::uint8_t {
  head,      // all but canonical, answer and vector: for lists
  question,  // all but canonical and answer: to build an index
  whole
};

/// A conjunction: every member that is set must hold. Nothing set matches nothing, so that a
/// forgotten argument never erases a store; `everything` says that all is meant.
struct Filter {
  bool everything = false;        // matches all; the other members still narrow it
  std::vector<EntryId> ids = {};  // one of these; empty: not set
  std::optional<std::string> tenant = {}, user = {}, model = {}, tag = {}, dialect = {};
  std::optional<key::ScopeKind> scope = {};
  std::optional<WallTime> stored_before = {};  // strictly
  std::optional<WallTime> stored_after = {};   // or at that instant
  std::optional<std::string> text_prefix = {};
};

/// Pure; looks at head members only. Expiry is not its business.
bool matches(const Filter& filter, const Record& record);

/// One step through a store in order of ids.
struct Scan {
  EntryId after = 0;        // 0 begins
  std::size_t limit = 100;  // records at most; > 0
  Detail detail = Detail::head;
  Filter filter = {};
};
struct Page {
  std::vector<Record> records;  // ascending ids; expired and corrupt ones are left out
  std::optional<EntryId> next;  // `after` of the next step; nullopt at the end
};

/// A vector that was made after its record was stored, or by another embedder.
struct Embedding {
  EntryId id = 0;
  std::string embedder;
  std::vector<float> vector;
};

/// What is written together: all of it or nothing. Order: erases, puts, embeddings.
struct Batch {
  std::vector<Record> puts;           // a put whose exact key and canonical bytes are there already
                                      // replaces that entry; the new version has a new id, so that
                                      // an answer id names one answer for ever
  std::vector<EntryId> erases;        // unknown ids are no error
  std::vector<Embedding> embeddings;  // unknown ids are no error
};
/// Ids of the puts, in their order. Runs exactly once; must not block.
using Done = std::move_only_function<void(Result<std::vector<EntryId>>)>;

/// Hits since the last report of one entry.
struct Touch {
  EntryId id = 0;
  WallTime used{};
  std::uint64_t hits = 0;  // added to the record's
};

/// What decides how much an entry is worth when room is needed.
struct Facts {
  WallTime stored{}, used{}, now{};
  std::uint64_t hits = 0;
  std::uint64_t cost_microseconds = 0;
  std::uint64_t bytes = 0;  // > 0; what erasing it frees, about
};
/// Pure. The entries of least value are evicted first.
using Value = std::function<double(const Facts&)>;

struct Stats {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;      // on disk with log and index files; in memory for MemoryStore
  std::uint64_t bytes_max = 0;  // 0: unlimited
  std::uint64_t queued = 0;     // batches that wait for the writer
  std::uint64_t commits = 0;    // transactions
  std::uint64_t written = 0;    // puts that were acknowledged
  std::uint64_t evicted = 0, expired = 0;  // records
  std::uint64_t corrupt = 0;               // records that failed their checksum, dropped
  std::uint64_t refused = 0;               // batches that met a full queue
  std::uint64_t failed = 0;                // batches that could not be written
  std::uint64_t touches_dropped = 0;
};

/// Entries that may outlive the process. The records are the truth: whatever else is kept of them
/// (vector index, memory front) is built from here and follows on_erased.
/// Threads: every function, any thread. A reader sees a batch whole or not at all.
class Store {
 public:
  using Listener = std::function<void(std::span<const EntryId>)>;

  virtual ~Store() = default;

  /// The entry of exactly these bytes. nullopt: absent or expired.
  /// Errors: deadline, cancelled, busy (no reader free in time), io, corrupt (its checksum was
  /// wrong; the record is dropped and counted, so the next find says absent).
  virtual Result<std::optional<Record>> find(const Call& call, const Key& exact,
                                             std::string_view canonical) = 0;
  /// out[i] answers ids[i]; nullopt: absent, expired, or corrupt (dropped and counted).
  /// Errors: deadline, cancelled, busy, io.
  virtual Result<std::vector<std::optional<Record>>> get(const Call& call,
                                                         std::span<const EntryId> ids) = 0;
  /// Writes the batch with whatever else is waiting. `done` comes once, from the writer's thread
  /// after the commit is durable, or before write returns (memory; refusal). A find that begins
  /// after `done` sees the batch. Hold no lock that `done` or a listener takes.
  /// Errors, by `done`: busy (queue full), too_large (batch over its limit or the budget), io (a
  /// full disk too), conflict (a put with an id that is there), invalid (an id that was never
  /// allotted; an empty vector in an embedding), cancelled (closing).
  virtual void write(Batch batch, Done done) = 0;
  /// Errors: deadline, cancelled, busy, io, invalid (limit 0).
  virtual Result<Page> scan(const Call& call, const Scan& scan) = 0;
  /// Notes hits. Never blocks and may lose them: they are statistics. Visible after upkeep at the
  /// latest.
  virtual void touch(std::span<const Touch> touches) = 0;
  /// Purges what has expired, writes touches, gives file space back. Returns how many records went.
  /// Errors: deadline, cancelled, io, too_large.
  virtual Result<std::size_t> upkeep(const Call& call) = 0;
  virtual Stats stats() const noexcept = 0;

  /// The next number for an entry. Never waits. A number is never given twice, also after deletes,
  /// restarts and kill -9, and whether or not a put follows.
  EntryId allot() noexcept { return next_.fetch_add(1, std::memory_order_relaxed); }
  /// The greatest number that was given so far, in this process or an earlier one.
  EntryId last_id() const noexcept { return next_id() - 1; }

  /// Called with the ids of records that are no more (erased, replaced, evicted, expired,
  /// corrupt), after the commit and before the batch's `done`. Must not block nor write to this
  /// store. To be set before the first write that it should see.
  void on_erased(Listener listener);
  /// Called with records that other processes have put, where several share a database; without
  /// canonical bytes and answer. From upkeep, about a second after their commit. May come again for
  /// one record. Records that others erased come by on_erased.
  using Arrivals = std::function<void(std::span<const Record>)>;
  void on_arrived(Arrivals listener);
  /// Called when the store was out of touch for so long that it cannot say what others did: all
  /// that was built from the records is to be built again.
  void on_lost(std::function<void()> listener);

 protected:
  void announce(std::span<const EntryId> ids) const;
  void tell_arrived(std::span<const Record> records) const;
  void tell_lost() const;
  /// Before any allot().
  void begin_ids_at(EntryId first) noexcept { next_.store(first, std::memory_order_relaxed); }
  /// Ids from here on were not given yet.
  EntryId next_id() const noexcept { return next_.load(std::memory_order_relaxed); }

 private:
  std::atomic<EntryId> next_{1};
  base::Mutex<std::vector<std::shared_ptr<const Listener>>> listeners_;
  base::Mutex<std::vector<std::shared_ptr<const Arrivals>>> arrivals_;
  base::Mutex<std::vector<std::shared_ptr<const std::function<void()>>>> losses_;
};

/// Writes and waits. Errors: those of `done`; deadline (the batch may still be written).
Result<std::vector<EntryId>> commit(const Call& call, Store& store, Batch batch);
Result<std::vector<EntryId>> put(const Call& call, Store& store, std::vector<Record> records);

/// What an acknowledged write survives. Both: kill -9 of this process.
enum class Durability : std::uint8_t {
  power_loss,  // the log is flushed to the device before `done`
  process      // the system flushes it when it likes: faster, but power takes the last seconds
};

/// Where records lie that are in no folder of ours. `url` chooses; empty: Options::folder.
struct Remote {
  std::string url{};        // mysql://user@host:port/database, redis://host:port/number (place.h)
  std::string password{};   // never in a sentence or a log line
  std::string tls = "off";  // off, encrypt (whoever answers) or verify
  std::string ca_file{};    // of tls verify; empty: the system's
  std::string prefix = "refrain";  // of tables and keys: several caches may share a database
};

struct Options {
  std::string folder = ":memory:";  // made if absent; ":memory:" keeps nothing
  Remote remote{};
  std::uint64_t bytes_max = 8ULL << 30;  // of all files together (of the records, in a database of
                                         // others); 0: unlimited
  std::uint64_t batch_bytes_max = 64ULL << 20;  // an eighth of bytes_max at most
  std::size_t queue_max = 4096;                 // batches
  std::size_t queue_bytes_max = 256U << 20;
  std::size_t readers_max = 16;     // connections that read, opened as needed
  std::size_t touches_max = 65536;  // entries with hits not yet written
  Durability durability = Durability::power_loss;
  Value value = {};  // empty: the time of the last use
  Result<> check() const;
};

/// By options: a MemoryStore, a file of SQLite's, or a database. `clock` outlives the store.
/// Errors: those of open_sqlite, open_mysql and open_redis.
Result<std::unique_ptr<Store>> open(const Options& options, const base::Clock& clock);

}  // namespace refrain::store
