// All writers of a database take one row's lock first (state), so that transactions follow each
// other: two servers that keep the same question at once replace each other's entry instead of
// keeping both, nobody meets a deadlock, and the numbers of the sequence become visible in order.
// What that costs is little: each process commits a whole group at a time.
//
// A connection that is lost while the commit is under way leaves a doubt. Each group leaves a note
// under (opening, group) in its own transaction, so the next connection can ask whether it was
// committed, and the batch is acknowledged or refused for what is true.
#include "store/mysql_store.h"

#include <atomic>
#include <deque>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "mysql/connection.h"
#include "store/changes.h"
#include "store/limits.h"
#include "store/loans.h"
#include "store/mysql_tables.h"
#include "store/queued_store.h"

namespace refrain::store {
namespace {

using mysql::Connection;
using mysql_tables::Encoded;
using mysql_tables::State;
using mysql_tables::Tables;

constexpr std::uint64_t kGroupBytesMax = 8 << 20;
constexpr std::uint64_t kPutsBytesMax = 1 << 20;  // of one statement, about
constexpr std::uint64_t kFillPercent = 95;        // after making room
constexpr unsigned kIdBits = 40;                  // of an id below its opening
constexpr std::chrono::hours kNotesKept{1};
constexpr std::chrono::seconds kReadTimeout{2}, kWriteTimeout{10};

mysql::Options options_of(const Options& options, const Place& place) {
  mysql::Options out;
  out.host = place.host;
  out.port = place.port;
  out.socket = place.socket;
  out.user = place.user;
  out.database = place.database;
  out.password = options.remote.password;
  out.ca_file = options.remote.ca_file;
  if (options.remote.tls == "encrypt") out.tls = mysql::Tls::encrypt;
  if (options.remote.tls == "verify") out.tls = mysql::Tls::verify;
  out.connect_timeout = kReadTimeout;
  return out;
}

Result<std::unique_ptr<Connection>> connect(mysql::Options options, std::chrono::seconds timeout) {
  options.io_timeout = timeout;
  TRY(connection, Connection::open(options));
  TRY_DO(connection->execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES'"));
  TRY_DO(connection->execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"));
  // Not every server knows these. A session that a broken network left behind would keep the lock
  // of all writers for hours.
  for (const char* wish : {"SET SESSION innodb_lock_wait_timeout = 5",
                           "SET SESSION idle_write_transaction_timeout = 20"}) {
    if (Result<> set = connection->execute(wish); !set && connection->lost()) {
      return std::unexpected(std::move(set).error());
    }
  }
  return std::move(connection);
}

class TableSource final : public Source {
 public:
  TableSource(mysql::Options server, const Options& options, const base::Clock& clock)
      : tables_(options.remote.prefix),
        clock_(clock),
        loans_([server = std::move(server)] { return connect(server, kReadTimeout); },
               options.readers_max, clock) {}

  Result<std::optional<Record>> find(const Call& call, const Key& exact, std::string_view canonical,
                                     std::vector<EntryId>& corrupt) override {
    return loans_.with(call, [&](Connection& connection) {
      return tables_.find(connection, exact, canonical, corrupt);
    });
  }
  Result<std::vector<std::optional<Record>>> get(const Call& call, std::span<const EntryId> ids,
                                                 Detail detail,
                                                 std::vector<EntryId>& corrupt) override {
    std::vector<std::optional<Record>> out;
    while (!ids.empty()) {
      std::span<const EntryId> some = ids.first(std::min(ids.size(), Tables::kIdsMax));
      ids = ids.subspan(some.size());
      TRY_DO(check(call, clock_));
      TRY(records, loans_.with(call, [&](Connection& connection) {
        return tables_.read(connection, {some, detail}, corrupt);
      }));
      for (EntryId id : some) {
        auto at = std::ranges::lower_bound(records, id, {}, &Record::id);
        const bool there = at != records.end() && at->id == id;
        out.push_back(there ? std::optional<Record>(*at) : std::nullopt);
      }
    }
    return out;
  }
  Result<> walk(const Call& call, const Walk& walk, std::vector<EntryId>& corrupt,
                const Each& each) override {
    Walk from = walk;
    for (;;) {
      TRY_DO(check(call, clock_));
      TRY(part, loans_.with(call, [&](Connection& connection) {
        return tables_.next(connection, from, corrupt);
      }));
      for (Record& record : part.records) {
        TRY(more, each(std::move(record)));
        if (!more) return {};
      }
      if (part.end) return {};
      from.after = part.last;
    }
  }

 private:
  const Tables tables_;
  const base::Clock& clock_;
  Loans<Connection> loans_;
};

// What one transaction does, step by step. Puts gather, and are written when something follows that
// must see them.
class Change {
 public:
  Change(const Tables& tables, Connection& connection, State state)
      : tables_(tables), connection_(connection), state_(state) {}

  Result<> apply(std::span<Batch* const> batches) {
    for (Batch* batch : batches) {
      TRY_DO(erase(batch->erases));
      std::vector<EntryId>& ids = applied.ids.emplace_back();
      for (const Record& record : batch->puts) {
        TRY_DO(put(record));
        ids.push_back(record.id);
        fresh.insert(record.id);
      }
      for (const Embedding& embedding : batch->embeddings) TRY_DO(embed(embedding));
    }
    return flush();
  }
  Result<> erase(std::span<const EntryId> ids) {
    if (!ids.empty()) TRY_DO(flush());
    while (!ids.empty()) {
      std::span<const EntryId> some = ids.first(std::min(ids.size(), Tables::kIdsMax));
      ids = ids.subspan(some.size());
      TRY(erased, tables_.erase(connection_, some));
      state_.records -= static_cast<std::int64_t>(erased.ids.size());
      state_.bytes -= erased.bytes;
      applied.gone.insert(applied.gone.end(), erased.ids.begin(), erased.ids.end());
    }
    return {};
  }
  Result<> make_room(const Options& options, Hand& hand, WallTime now) {
    const auto most = static_cast<std::int64_t>(options.bytes_max);
    if (most == 0 || state_.bytes <= most) return {};
    const auto target = most / 100 * static_cast<std::int64_t>(kFillPercent);
    while (state_.bytes > target) {
      Hand::Wanted wanted{fresh, static_cast<std::uint64_t>(state_.bytes - target), now};
      TRY(victims, hand.choose(wanted, [this](EntryId after, std::size_t limit) {
        return tables_.lean(connection_, after, limit);
      }));
      if (victims.empty()) break;
      std::vector<EntryId> ids;
      for (const Lean& victim : victims) ids.push_back(victim.id);
      TRY_DO(erase(ids));
      applied.evicted += ids.size();
    }
    return {};
  }
  const State& state() const noexcept { return state_; }
  /// Ids that others should read again.
  std::vector<EntryId> told() const {
    std::vector<EntryId> ids = embedded_;
    ids.insert(ids.end(), fresh.begin(), fresh.end());
    return ids;
  }

  Applied applied;
  std::unordered_set<EntryId> fresh;

 private:
  Result<> put(const Record& record) {
    // An equal key may be the same question: the later one replaces the earlier.
    const bool meets = std::ranges::any_of(
        waiting_, [&](const Record* other) { return other->exact == record.exact; });
    if (meets || waiting_.size() == Tables::kIdsMax || waiting_bytes_ > kPutsBytesMax) {
      TRY_DO(flush());
    }
    waiting_.push_back(&record);
    rows_.push_back(std::make_unique<Encoded>(record));
    waiting_bytes_ += rows_.back()->bytes;
    return {};
  }
  Result<> flush() {
    if (waiting_.empty()) return {};
    std::vector<const Record*> puts = std::exchange(waiting_, {});
    std::vector<std::unique_ptr<Encoded>> rows = std::exchange(rows_, {});
    waiting_bytes_ = 0;
    std::vector<EntryId> replaced;
    TRY(formers, tables_.same_keys(connection_, puts, replaced));
    applied.corrupt += replaced.size();
    for (const Record& former : formers) {
      const bool same = std::ranges::any_of(puts, [&](const Record* record) {
        return record->exact == former.exact && record->canonical == former.canonical;
      });
      if (same) replaced.push_back(former.id);
    }
    TRY_DO(erase(replaced));
    TRY_DO(tables_.insert(connection_, rows));
    applied.inserted += rows.size();
    state_.records += static_cast<std::int64_t>(rows.size());
    for (const auto& row : rows) state_.bytes += static_cast<std::int64_t>(row->bytes);
    return {};
  }
  Result<> embed(const Embedding& embedding) {
    TRY_DO(flush());
    std::vector<EntryId> corrupt;
    EntryId ids[] = {embedding.id};
    TRY(found, tables_.read(connection_, {ids, Detail::question}, corrupt));
    applied.corrupt += corrupt.size();
    TRY_DO(erase(corrupt));
    if (found.empty()) return {};
    Record& record = found.front();
    const auto before = static_cast<std::int64_t>(record.vector.size() * sizeof(float));
    record.vector = embedding.vector;
    record.embedder = embedding.embedder;
    const auto more = static_cast<std::int64_t>(record.vector.size() * sizeof(float)) - before;
    state_.bytes += more;
    embedded_.push_back(record.id);
    return tables_.write_question(connection_, record, more);
  }

  const Tables& tables_;
  Connection& connection_;
  State state_;
  std::vector<const Record*> waiting_;
  std::vector<std::unique_ptr<Encoded>> rows_;
  std::uint64_t waiting_bytes_ = 0;
  std::vector<EntryId> embedded_;
};

class TableSink final : public Sink {
 public:
  TableSink(mysql::Options server, const Options& options, const base::Clock& clock)
      : server_(std::move(server)),
        options_(options),
        clock_(clock),
        tables_(options_.remote.prefix) {}

  /// Returns the first id of this process.
  Result<EntryId> open() {
    TRY(connection, connected());
    TRY_DO(tables_.prepare(*connection, clock_.wall()));
    TRY(opening, tables_.count_opening(*connection));
    TRY(state, tables_.state(*connection));
    TRY(packet, connection->number("SELECT @@max_allowed_packet"));
    packet_max_ = static_cast<std::uint64_t>(packet);
    opening_ = opening;
    if (opening_ >> (63 - kIdBits) != 0) {
      return base::fail(base::Code::unsupported, "the database was opened too often: no ids left");
    }
    follower_ = changes::Follower(state.sequence);
    hold(state);
    return (opening_ << kIdBits) + 1;
  }

  Result<Applied> apply(std::span<Batch* const> batches, std::span<const Touch> touches,
                        EntryId) override {
    const bool idle = std::ranges::all_of(batches, [](const Batch* batch) {
      return batch->puts.empty() && batch->erases.empty() && batch->embeddings.empty();
    });
    if (idle && touches.empty()) return untouched(batches.size());
    TRY_DO(fits(batches));
    TRY(connection, writable());
    if (!touches.empty()) TRY_DO(tables_.touch(*connection, touches));
    if (idle) return untouched(batches.size());
    ++group_;
    Applied applied;
    std::uint64_t sequence = 0;
    Result<> done = transact(*connection, batches, applied, sequence);
    if (!done && connection->lost() && sequence != 0) done = ask_again(std::move(done).error());
    if (!done) {
      if (!connection_->lost()) (void)connection_->execute("ROLLBACK");
      return std::unexpected(std::move(done).error());
    }
    follower_.own(sequence);
    return applied;
  }

  Result<std::vector<EntryId>> purge() override {
    TRY(connection, connected());
    TRY(ids, tables_.expired(*connection, clock_.wall()));
    if (ids.empty()) return ids;
    Batch batch;
    batch.erases = std::move(ids);
    Batch* only[] = {&batch};
    TRY(applied, apply(only, {}, 0));
    return applied.gone;
  }
  Result<> compact() override {
    TRY(connection, connected());
    return tables_.forget_notes(*connection, clock_.wall() - kNotesKept);
  }
  Result<News> news() override {
    TRY(connection, connected());
    TRY(state, tables_.state(*connection));
    hold(state);
    if (state.sequence == follower_.seen()) return News{};
    TRY(notes, tables_.notes(*connection, follower_.seen()));
    std::vector<changes::Note> read;
    for (Tables::Note& note : notes) {
      read.push_back({note.sequence, std::move(note.put), std::move(note.gone)});
    }
    return follower_.read(read, state.sequence);
  }
  std::uint64_t group_bytes_max() const noexcept override { return kGroupBytesMax; }
  Held held() const noexcept override {
    return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, records_)),
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes_))};
  }

 private:
  static Applied untouched(std::size_t batches) {
    Applied out;
    out.ids.resize(batches);
    return out;
  }
  void hold(const State& state) {
    records_ = state.records;
    bytes_ = state.bytes;
  }
  // The server would end the connection at such a row.
  Result<> fits(std::span<Batch* const> batches) const {
    for (const Batch* batch : batches) {
      for (const Record& record : batch->puts) {
        if (2 * weight(record) + kPutsBytesMax > packet_max_ &&
            Encoded(record).bytes + kPutsBytesMax / 2 > packet_max_) {
          return base::fail(base::Code::too_large,
                            fmt::format("an entry of {} bytes is over the database's "
                                        "max_allowed_packet of {}",
                                        weight(record), packet_max_));
        }
      }
    }
    return {};
  }
  Result<Connection*> connected() {
    if (connection_ && !connection_->lost()) return connection_.get();
    if (clock_.now() < again_at_) {
      return base::fail(base::Code::unavailable, "the database did not answer a moment ago");
    }
    Result<std::unique_ptr<Connection>> made = connect(server_, kWriteTimeout);
    if (!made) {
      again_at_ = clock_.now() + pause_after(failures_++);
      return std::unexpected(std::move(made).error());
    }
    failures_ = 0;
    connection_ = std::move(*made);
    return connection_.get();
  }
  // One that answers: a server that was started again has ended the former one.
  Result<Connection*> writable() {
    TRY(connection, connected());
    Result<> alive = connection->execute("DO 0");
    if (alive) return connection;
    if (!connection->lost()) return std::unexpected(std::move(alive).error());
    return connected();
  }
  // sequence: set once the commit is asked for.
  Result<> transact(Connection& connection, std::span<Batch* const> batches, Applied& applied,
                    std::uint64_t& sequence) {
    TRY_DO(connection.execute("START TRANSACTION"));
    TRY(state, tables_.lock_state(connection));
    Change change(tables_, connection, state);
    TRY_DO(change.apply(batches));
    TRY_DO(change.make_room(options_, hand_, clock_.wall()));
    TRY_DO(tables_.write_state(connection, change.state()));
    Tables::Note note;
    note.sequence = state.sequence;
    note.opening = opening_;
    note.group = group_;
    note.at = clock_.wall();
    note.put = changes::pack(change.told());
    note.gone = changes::pack(change.applied.gone);
    TRY_DO(tables_.write_note(connection, note));
    sequence = state.sequence;
    applied = std::move(change.applied);
    TRY_DO(connection.execute("COMMIT"));
    hold(change.state());
    return {};
  }
  // The connection was lost while the commit was under way.
  Result<> ask_again(base::Error error) {
    again_at_ = {};
    TRY(connection, connected());
    TRY(committed, tables_.has_note(*connection, opening_, group_));
    if (!committed) return std::unexpected(std::move(error));
    base::log::info("a commit whose answer was lost is there", {{"group", group_}});
    return {};
  }

  const mysql::Options server_;
  const Options options_;
  const base::Clock& clock_;
  const Tables tables_;
  Hand hand_{options_};
  std::unique_ptr<Connection> connection_;
  base::Instant again_at_{};
  unsigned failures_ = 0;
  std::uint64_t opening_ = 0, group_ = 0, packet_max_ = 0;
  changes::Follower follower_{0};
  std::atomic<std::int64_t> records_{0}, bytes_{0};
};

}  // namespace

Result<std::unique_ptr<Store>> open_mysql(const Options& options, const Place& place,
                                          const base::Clock& clock) {
  mysql::Options server = options_of(options, place);
  return open_queued(options, clock, place.label(),
                     std::make_unique<TableSource>(server, options, clock),
                     std::make_unique<TableSink>(server, options, clock));
}

}  // namespace refrain::store
