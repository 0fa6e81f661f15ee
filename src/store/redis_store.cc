// A server of Redis's runs one script at a time and whole, and writes what it changed to its log as
// one block: that is the transaction. A group of batches is one script, so it is there or not,
// whenever somebody dies.
//
// A connection that is lost while a script runs leaves a doubt. Each script leaves a note with
// (opening, group) in the stream of changes, so the next connection can look whether it ran.
#include "store/redis_store.h"

#include <atomic>
#include <charconv>
#include <deque>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "redis/connection.h"
#include "store/changes.h"
#include "store/eviction.h"
#include "store/limits.h"
#include "store/loans.h"
#include "store/queued_store.h"
#include "store/redis_rows.h"
#include "store/redis_scripts.h"

namespace refrain::store {
namespace {

using redis::Command;
using redis::Connection;
using redis::Reply;

constexpr std::uint64_t kGroupBytesMax = 8 << 20;  // a script holds all others up
constexpr std::uint64_t kFillPercent = 95;         // after making room
constexpr unsigned kIdBits = 40;                   // of an id below its opening
constexpr std::size_t kPage = 128;
constexpr std::int64_t kVersion = 1;
constexpr std::chrono::milliseconds kReadTimeout{2000}, kWriteTimeout{10000};

redis::Options options_of(const Options& options, const Place& place) {
  redis::Options out;
  out.host = place.host;
  out.port = place.port;
  out.socket = place.socket;
  out.user = place.user;
  out.password = options.remote.password;
  std::from_chars(place.database.data(), place.database.data() + place.database.size(),
                  out.database);
  out.connect_timeout = kReadTimeout;
  return out;
}

std::int64_t number_of(const Reply& reply) {
  if (reply.kind == Reply::Kind::number) return reply.number;
  std::int64_t out = 0;
  std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), out);
  return out;
}

const char* word(Detail detail) { return detail == Detail::whole ? "whole" : "question"; }

// Rows of a script; those that fail their checksum, or have lost their hash, in `corrupt`.
std::vector<Record> decode(const Reply& reply, Detail detail, std::vector<EntryId>& corrupt) {
  std::vector<Record> out;
  for (const Reply& row : reply.list) {
    Result<std::optional<Record>> record = redis_rows::read_row(row, detail);
    if (record && *record) {
      out.push_back(std::move(**record));
    } else if (!row.list.empty()) {
      corrupt.push_back(redis_rows::id_of(row.list[0].text));
    }
  }
  return out;
}

class ScriptSource final : public Source {
 public:
  ScriptSource(redis::Options server, const Options& options, const base::Clock& clock)
      : prefix_(options.remote.prefix),
        clock_(clock),
        loans_(
            [server = std::move(server)]() mutable {
              server.io_timeout = kReadTimeout;
              return Connection::open(server);
            },
            options.readers_max, clock) {}

  Result<std::optional<Record>> find(const Call& call, const Key& exact, std::string_view canonical,
                                     std::vector<EntryId>& corrupt) override {
    const std::string key = redis_rows::key_hex(exact);
    TRY(reply, run(call, redis_scripts::find(), {key}));
    for (Record& record : decode(reply, Detail::whole, corrupt)) {
      if (record.canonical == canonical) return std::move(record);
    }
    return std::nullopt;
  }
  Result<std::vector<std::optional<Record>>> get(const Call& call, std::span<const EntryId> ids,
                                                 Detail detail,
                                                 std::vector<EntryId>& corrupt) override {
    std::vector<std::optional<Record>> out;
    std::vector<std::string> names;
    for (EntryId id : ids) names.push_back(redis_rows::hex_of(id));
    Command words = {word(detail)};
    words.insert(words.end(), names.begin(), names.end());
    TRY(reply, run(call, redis_scripts::get(), words));
    for (const Reply& row : reply.list) {
      Result<std::optional<Record>> record = redis_rows::read_row(row, detail);
      out.push_back(record ? std::move(*record) : std::nullopt);
      if (!record) corrupt.push_back(redis_rows::id_of(row.list.empty() ? "" : row.list[0].text));
    }
    out.resize(ids.size());
    return out;
  }
  Result<> walk(const Call& call, const Walk& walk, std::vector<EntryId>& corrupt,
                const Each& each) override {
    EntryId after = walk.after;
    const std::string page = std::to_string(kPage);
    for (;;) {
      TRY_DO(check(call, clock_));
      const std::string from = redis_rows::hex_of(after);
      TRY(reply, run(call, redis_scripts::next(), {word(walk.detail), from, page}));
      for (Record& record : decode(reply, walk.detail, corrupt)) {
        TRY(more, each(std::move(record)));
        if (!more) return {};
      }
      if (reply.list.size() < kPage || reply.list.back().list.empty()) return {};
      after = redis_rows::id_of(reply.list.back().list[0].text);
    }
  }

 private:
  Result<Reply> run(const Call& call, const redis::Script& script, const Command& words) {
    return loans_.with(call, [&](Connection& connection) {
      return connection.run(call, script, {prefix_}, words);
    });
  }

  const std::string prefix_;
  const base::Clock& clock_;
  Loans<Connection> loans_;
};

// The words of one run of the script `apply`, which view what is kept beside them.
class Words {
 public:
  void add(std::string_view op) { words_.push_back(op); }
  void keep(std::string text) { words_.push_back(kept_.emplace_back(std::move(text))); }
  void keep(std::int64_t number) { keep(std::to_string(number)); }
  void erase(EntryId id) {
    add("E");
    keep(redis_rows::hex_of(id));
  }
  void put(const Record& record) {
    redis_rows::Fields fields = redis_rows::fields_of(record);
    add("P");
    keep(redis_rows::hex_of(record.id));
    keep(std::move(fields.exact));
    keep(std::move(fields.digest));
    keep(record.expires ? std::to_string(record.expires->time_since_epoch().count()) : "");
    keep(std::move(fields.facts));
    keep(std::move(fields.question));
    keep(std::move(fields.answer));
    keep(record.stored.time_since_epoch().count());
    keep(std::max(record.used, record.stored).time_since_epoch().count());
    keep(static_cast<std::int64_t>(record.hits));
    keep(static_cast<std::int64_t>(record.cost_microseconds));
    keep(static_cast<std::int64_t>(fields.bytes));
  }
  void embed(const Record& record, std::int64_t more) {
    add("V");
    keep(redis_rows::hex_of(record.id));
    keep(redis_rows::question_of(record));
    keep(more);
  }
  void touch(const Touch& touch) {
    add("T");
    keep(redis_rows::hex_of(touch.id));
    keep(static_cast<std::int64_t>(touch.hits));
    keep(touch.used.time_since_epoch().count());
  }
  const Command& words() const noexcept { return words_; }

 private:
  Command words_;
  std::deque<std::string> kept_;  // stable addresses
};

class ScriptSink final : public Sink {
 public:
  ScriptSink(redis::Options server, const Options& options, const base::Clock& clock)
      : server_(std::move(server)),
        options_(options),
        clock_(clock),
        prefix_(options_.remote.prefix),
        state_key_(prefix_ + ":state"),
        changes_key_(prefix_ + ":changes"),
        ids_key_(prefix_ + ":ids") {}

  /// Returns the first id of this process.
  Result<EntryId> open() {
    TRY(connection, connected());
    const std::string version = std::to_string(kVersion);
    TRY_DO(connection->command({}, {"HSETNX", state_key_, "version", version}));
    TRY(state,
        connection->command({}, {"HMGET", state_key_, "version", "sequence", "bytes"}));
    if (state.list.size() != 3 || number_of(state.list[0]) != kVersion) {
      return base::fail(base::Code::unsupported,
                        fmt::format("the keys {}:* are not of version {}: run the refrain that "
                                    "made them, or choose another number or server",
                                    prefix_, kVersion));
    }
    TRY(opening, connection->command({}, {"HINCRBY", state_key_, "openings", "1"}));
    opening_ = static_cast<std::uint64_t>(opening.number);
    follower_ = changes::Follower(static_cast<std::uint64_t>(number_of(state.list[1])));
    TRY(records, connection->command({}, {"ZCARD", ids_key_}));
    hold(records.number, number_of(state.list[2]));
    warn_of_settings(*connection);
    return (opening_ << kIdBits) + 1;
  }

  Result<Applied> apply(std::span<Batch* const> batches, std::span<const Touch> touches,
                        EntryId) override {
    Applied applied;
    Words words;
    std::unordered_set<EntryId> fresh;
    for (Batch* batch : batches) {
      for (EntryId id : batch->erases) words.erase(id);
      std::vector<EntryId>& ids = applied.ids.emplace_back();
      for (const Record& record : batch->puts) {
        words.put(record);
        ids.push_back(record.id);
        fresh.insert(record.id);
      }
      for (const Embedding& embedding : batch->embeddings) {
        TRY_DO(embed(embedding, *batch, words));
      }
    }
    for (const Touch& touch : touches) words.touch(touch);
    if (words.words().empty()) return applied;
    TRY_DO(run(words, applied));
    applied.inserted = fresh.size();
    TRY_DO(make_room(fresh, applied));
    return applied;
  }

  Result<std::vector<EntryId>> purge() override {
    TRY(connection, connected());
    const std::string now = std::to_string(clock_.wall().time_since_epoch().count());
    const std::string key = prefix_ + ":expiry";
    const Command command = {"ZRANGEBYSCORE", key, "-inf", now, "LIMIT", "0", "1000"};
    TRY(expired, connection->command({}, command));
    Applied applied;
    if (expired.list.empty()) return applied.gone;
    Words words;
    for (const Reply& id : expired.list) words.erase(redis_rows::id_of(id.text));
    TRY_DO(run(words, applied));
    return applied.gone;
  }
  Result<> compact() override { return {}; }  // the stream of changes is cut as it grows
  Result<News> news() override {
    TRY(connection, connected());
    TRY(state, connection->command({}, {"HMGET", state_key_, "sequence", "bytes"}));
    if (state.list.size() != 2) return base::fail(base::Code::corrupt, "redis: no state");
    TRY(records, connection->command({}, {"ZCARD", ids_key_}));
    hold(records.number, number_of(state.list[1]));
    const auto sequence = static_cast<std::uint64_t>(number_of(state.list[0]));
    if (sequence == follower_.seen()) return News{};
    const std::string from = fmt::format("{}-1", follower_.seen());
    TRY(notes, connection->command({}, {"XRANGE", changes_key_, from, "+", "COUNT", "1000"}));
    std::vector<changes::Note> read;
    for (const Reply& entry : notes.list) {
      const Fields fields = fields_of(entry);
      read.push_back({fields.sequence, changes::pack(redis_rows::ids_of(fields.put)),
                      changes::pack(redis_rows::ids_of(fields.gone))});
    }
    return follower_.read(read, sequence);
  }
  std::uint64_t group_bytes_max() const noexcept override { return kGroupBytesMax; }
  Held held() const noexcept override {
    return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, records_)),
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes_))};
  }

 private:
  // Of an entry in the stream of changes.
  struct Fields {
    std::uint64_t sequence = 0;
    std::string opening, group, put, gone;
  };
  static Fields fields_of(const Reply& entry) {
    Fields out;
    if (entry.list.size() != 2) return out;
    const std::string& id = entry.list[0].text;
    std::from_chars(id.data(), id.data() + id.size(), out.sequence);
    const std::vector<Reply>& words = entry.list[1].list;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
      const std::string& name = words[i].text;
      if (name == "o") out.opening = words[i + 1].text;
      if (name == "r") out.group = words[i + 1].text;
      if (name == "p") out.put = words[i + 1].text;
      if (name == "g") out.gone = words[i + 1].text;
    }
    return out;
  }
  void hold(std::int64_t records, std::int64_t bytes) {
    records_ = records;
    bytes_ = bytes;
  }
  Result<Connection*> connected() {
    if (connection_ && !connection_->lost()) return connection_.get();
    if (clock_.now() < again_at_) {
      return base::fail(base::Code::unavailable, "redis did not answer a moment ago");
    }
    redis::Options server = server_;
    server.io_timeout = kWriteTimeout;
    Result<std::unique_ptr<Connection>> made = Connection::open(server);
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
    Result<Reply> alive = connection->command({}, {"PING"});
    if (alive) return connection;
    if (!connection->lost()) return std::unexpected(std::move(alive).error());
    return connected();
  }
  Result<> embed(const Embedding& embedding, const Batch& batch, Words& words) {
    auto own = std::ranges::find(batch.puts, embedding.id, &Record::id);
    Record record;
    if (own != batch.puts.end()) {
      record = *own;
    } else {
      TRY(connection, writable());
      const std::string id = redis_rows::hex_of(embedding.id);
      TRY(reply, connection->run({}, redis_scripts::get(), {prefix_}, {"question", id}));
      std::vector<EntryId> corrupt;
      std::vector<Record> found = decode(reply, Detail::question, corrupt);
      if (found.empty()) return {};
      record = std::move(found.front());
    }
    const auto before = static_cast<std::int64_t>(record.vector.size() * sizeof(float));
    record.vector = embedding.vector;
    record.embedder = embedding.embedder;
    words.embed(record, static_cast<std::int64_t>(record.vector.size() * sizeof(float)) - before);
    return {};
  }

  Result<> run(const Words& words, Applied& applied) {
    TRY(connection, writable());
    const std::string opening = std::to_string(opening_), group = std::to_string(++group_);
    const std::string now = std::to_string(clock_.wall().time_since_epoch().count());
    Command arguments = {opening, group, now};
    arguments.insert(arguments.end(), words.words().begin(), words.words().end());
    Result<Reply> reply = connection->run({}, redis_scripts::apply(), {prefix_}, arguments);
    if (!reply && connection->lost()) return ask_again(std::move(reply).error(), applied);
    if (!reply) {
      if (reply.error().what.starts_with("redis: CONFLICT")) {
        reply.error().code = base::Code::conflict;
      }
      return std::unexpected(std::move(reply).error());
    }
    if (reply->list.size() != 4) return base::fail(base::Code::corrupt, "redis: a reply is cut");
    if (number_of(reply->list[0]) != 0) {
      follower_.own(static_cast<std::uint64_t>(number_of(reply->list[0])));
    }
    hold(number_of(reply->list[1]), number_of(reply->list[2]));
    for (const Reply& id : reply->list[3].list) {
      applied.gone.push_back(redis_rows::id_of(id.text));
    }
    return {};
  }
  // The connection was lost while the script was under way.
  Result<> ask_again(base::Error error, Applied& applied) {
    again_at_ = {};
    TRY(connection, connected());
    TRY(notes, connection->command({}, {"XREVRANGE", changes_key_, "+", "-", "COUNT", "1000"}));
    for (const Reply& entry : notes.list) {
      const Fields fields = fields_of(entry);
      if (fields.opening != std::to_string(opening_) || fields.group != std::to_string(group_)) {
        continue;
      }
      follower_.own(fields.sequence);
      for (EntryId id : redis_rows::ids_of(fields.gone)) applied.gone.push_back(id);
      base::log::info("a write whose answer was lost is there", {{"group", group_}});
      return {};
    }
    return std::unexpected(std::move(error));
  }

  // After the script that went over the limit, so that for a moment there may be a group too much.
  Result<> make_room(const std::unordered_set<EntryId>& keep, Applied& applied) {
    const auto most = static_cast<std::int64_t>(options_.bytes_max);
    if (most == 0 || bytes_ <= most) return {};
    const auto target = most / 100 * static_cast<std::int64_t>(kFillPercent);
    while (bytes_ > target) {
      Hand::Wanted wanted{keep, static_cast<std::uint64_t>(bytes_ - target), clock_.wall()};
      TRY(victims, hand_.choose(wanted, [this](EntryId after, std::size_t limit) {
        return lean(after, limit);
      }));
      if (victims.empty()) break;
      Words words;
      for (const Lean& victim : victims) words.erase(victim.id);
      const std::size_t before = applied.gone.size();
      TRY_DO(run(words, applied));
      if (applied.gone.size() == before) break;
      applied.evicted += applied.gone.size() - before;
    }
    return {};
  }
  Result<std::vector<Lean>> lean(EntryId after, std::size_t limit) {
    TRY(connection, connected());
    const std::string from = redis_rows::hex_of(after), count = std::to_string(limit);
    TRY(reply, connection->run({}, redis_scripts::lean(), {prefix_}, {from, count}));
    std::vector<Lean> out;
    for (const Reply& row : reply.list) {
      if (row.list.size() != 6) continue;
      Lean entry;
      entry.id = redis_rows::id_of(row.list[0].text);
      entry.facts.stored = WallTime(WallTime::duration(number_of(row.list[1])));
      entry.facts.used = WallTime(WallTime::duration(number_of(row.list[2])));
      entry.facts.hits = static_cast<std::uint64_t>(number_of(row.list[3]));
      entry.facts.cost_microseconds = static_cast<std::uint64_t>(number_of(row.list[4]));
      entry.facts.bytes =
          static_cast<std::uint64_t>(std::max<std::int64_t>(1, number_of(row.list[5])));
      out.push_back(entry);
    }
    return out;
  }

  // Says what an acknowledged write does not survive; silent where CONFIG may not be read.
  void warn_of_settings(Connection& connection) const {
    auto setting = [&](std::string_view name) {
      Result<Reply> reply = connection.command({}, {"CONFIG", "GET", name});
      return reply && reply->list.size() == 2 ? reply->list[1].text : std::string();
    };
    const std::string log = setting("appendonly"), flush = setting("appendfsync");
    const std::string policy = setting("maxmemory-policy");
    if (log == "no") {
      base::log::warn("this Redis keeps no log: what is acknowledged is lost with the server",
                      {{"appendonly", log}});
    } else if (!flush.empty() && flush != "always" &&
               options_.durability == Durability::power_loss) {
      base::log::warn("a power cut may lose the last second of this Redis",
                      {{"appendfsync", flush}});
    }
    if (!policy.empty() && policy != "noeviction") {
      base::log::warn("this Redis drops keys by itself when memory is short: entries go half",
                      {{"maxmemory-policy", policy}, {"wanted", "noeviction"}});
    }
  }

  const redis::Options server_;
  const Options options_;
  const base::Clock& clock_;
  const std::string prefix_, state_key_, changes_key_, ids_key_;
  Hand hand_{options_};
  std::unique_ptr<Connection> connection_;
  base::Instant again_at_{};
  unsigned failures_ = 0;
  std::uint64_t opening_ = 0, group_ = 0;
  changes::Follower follower_{0};
  std::atomic<std::int64_t> records_{0}, bytes_{0};
};

}  // namespace

Result<std::unique_ptr<Store>> open_redis(const Options& options, const Place& place,
                                          const base::Clock& clock) {
  redis::Options server = options_of(options, place);
  return open_queued(options, clock, place.label(),
                     std::make_unique<ScriptSource>(server, options, clock),
                     std::make_unique<ScriptSink>(server, options, clock));
}

}  // namespace refrain::store
