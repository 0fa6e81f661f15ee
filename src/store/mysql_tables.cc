// Two tables make a record: `entries` has what lists, eviction and the index read, `answers` only
// what a hit reads. Texts that are statements' have a $ for the prefix.
//
// Statements with many rows or ids come in three lengths, so that a connection prepares few of
// them; a list of ids is filled up with its last one.
#include "store/mysql_tables.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "store/entry_columns.h"

namespace refrain::store::mysql_tables {
namespace {

using mysql::Connection;
using mysql::Parameter;
using mysql::Rows;

constexpr std::size_t kRowBytes = 180;  // what rows and their index rows take beside their bytes
constexpr std::array<std::size_t, 3> kLengths = {1, 8, 64};
static_assert(kLengths.back() == Tables::kIdsMax);
constexpr std::size_t kPage = 256;

// Every step may be run twice, and by two processes at once: MySQL commits each CREATE by itself.
constexpr const char* kFirst[] = {
    "CREATE TABLE IF NOT EXISTS $_state(one INT NOT NULL PRIMARY KEY, openings BIGINT NOT NULL, "
    "sequence BIGINT NOT NULL, records BIGINT NOT NULL, bytes BIGINT NOT NULL) ENGINE=InnoDB",
    "INSERT IGNORE INTO $_state VALUES(1, 0, 0, 0, 0)",
    "CREATE TABLE IF NOT EXISTS $_entries(id BIGINT NOT NULL PRIMARY KEY, "
    "exact VARBINARY(16) NOT NULL, space VARBINARY(16) NOT NULL, tenant MEDIUMBLOB NOT NULL, "
    "user MEDIUMBLOB NOT NULL, scope INT NOT NULL, model MEDIUMBLOB NOT NULL, "
    "dialect MEDIUMBLOB NOT NULL, tags MEDIUMBLOB NOT NULL, stored BIGINT NOT NULL, "
    "expires BIGINT, cost BIGINT NOT NULL, facts_sum BIGINT NOT NULL, used BIGINT NOT NULL, "
    "hits BIGINT NOT NULL, bytes BIGINT NOT NULL, question LONGBLOB, embedder MEDIUMBLOB, "
    "embedding LONGBLOB, question_sum BIGINT, KEY by_exact(exact), KEY by_expiry(expires)) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE IF NOT EXISTS $_answers(id BIGINT NOT NULL PRIMARY KEY, "
    "canonical LONGBLOB NOT NULL, answer LONGBLOB NOT NULL, answer_sum BIGINT NOT NULL) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE IF NOT EXISTS $_changes(sequence BIGINT NOT NULL PRIMARY KEY, "
    "opening BIGINT NOT NULL, grp BIGINT NOT NULL, at BIGINT NOT NULL, put LONGBLOB NOT NULL, "
    "gone LONGBLOB NOT NULL, KEY by_group(opening, grp), KEY by_time(at)) ENGINE=InnoDB"};
constexpr std::span<const char* const> kMigrations[] = {kFirst};
static_assert(std::size(kMigrations) == kVersion);

constexpr std::string_view kEntryColumns =
    "e.id, e.exact, e.space, e.tenant, e.user, e.scope, e.model, e.dialect, e.tags, e.stored, "
    "e.expires, e.cost, e.facts_sum, e.used, e.hits, e.question, e.embedder, e.embedding, "
    "e.question_sum";
constexpr std::string_view kAnswerColumns = ", a.canonical, a.answer, a.answer_sum";
constexpr std::size_t kQuestion = 15, kAnswer = 19;  // first column of each part

std::string select(Detail detail) {
  const bool whole = detail == Detail::whole;
  return fmt::format("SELECT {}{} FROM $_entries e{}", kEntryColumns, whole ? kAnswerColumns : "",
                     whole ? " LEFT JOIN $_answers a ON a.id = e.id" : "");
}

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::int64_t number(WallTime time) { return time.time_since_epoch().count(); }

// "(?, ?, ?)", as often as there are rows.
std::string marks(std::size_t columns, std::size_t rows) {
  std::string row = "(";
  for (std::size_t i = 0; i < columns; ++i) row += i == 0 ? "?" : ", ?";
  row += ")";
  std::string out;
  for (std::size_t i = 0; i < rows; ++i) out += i == 0 ? row : ", " + row;
  return out;
}

std::size_t length_for(std::size_t count) {
  return *std::ranges::find_if(kLengths, [&](std::size_t length) { return length >= count; });
}

std::vector<Parameter> filled_up(std::vector<Parameter> parameters) {
  const std::size_t length = length_for(parameters.size());
  while (parameters.size() < length) parameters.push_back(parameters.back());
  return parameters;
}

std::vector<Parameter> parameters_of(std::span<const EntryId> ids) {
  std::vector<Parameter> out;
  for (EntryId id : ids) out.emplace_back(number(id));
  return filled_up(std::move(out));
}

Result<Record> record_at(const Rows& rows, Detail detail) {
  Record record;
  TRY_DO(codec::decode(codec::entry_at(rows), record));
  if (!rows.is_null(kQuestion)) {
    codec::QuestionRow row{rows.bytes(kQuestion), rows.bytes(kQuestion + 1),
                           rows.bytes(kQuestion + 2), rows.integer(kQuestion + 3)};
    TRY_DO(codec::decode(row, record));
  }
  if (detail == Detail::head) record.vector.clear();
  if (detail != Detail::whole) return record;
  codec::AnswerRow row{rows.bytes(kAnswer), rows.bytes(kAnswer + 1), rows.integer(kAnswer + 2)};
  TRY_DO(codec::decode(row, record));
  return record;
}

void append(std::vector<Parameter>& out, const Encoded& from) {
  const codec::EntryRow& entry = from.entry;
  out.insert(out.end(), {number(entry.id), entry.exact, entry.space, entry.tenant, entry.user,
                         entry.scope, entry.model, entry.dialect, entry.tags, entry.stored});
  out.emplace_back(entry.expires ? Parameter(*entry.expires) : Parameter(nullptr));
  out.insert(out.end(), {entry.cost, entry.checksum, entry.used, entry.hits,
                         static_cast<std::int64_t>(from.bytes)});
  if (from.question) {
    out.insert(out.end(), {from.question->text, from.question->embedder, from.question->vector,
                           from.question->checksum});
  } else {
    out.insert(out.end(), 4, Parameter(nullptr));
  }
}

}  // namespace

Encoded::Encoded(const Record& record)
    : entry(codec::entry_row(record, owned)), answer(codec::answer_row(record, owned)) {
  bytes = kRowBytes + record.tenant.size() + record.user.size() + record.model.size() +
          record.dialect.size() + owned.tags.size() + owned.canonical.size() + owned.answer.size();
  if (record.text.empty() && record.vector.empty()) return;
  question = codec::question_row(record, owned);
  bytes += question->text.size() + question->embedder.size() + question->vector.size();
}

Tables::Tables(std::string prefix) : prefix_(std::move(prefix)) {}

std::string Tables::sql(std::string_view text) const {
  std::string out;
  for (char c : text) c == '$' ? out += prefix_ : out += c;
  return out;
}

Result<> Tables::prepare(Connection& connection, WallTime now) const {
  TRY_DO(
      connection.execute(sql("CREATE TABLE IF NOT EXISTS $_schema(version INT NOT NULL PRIMARY "
                             "KEY, at BIGINT NOT NULL) ENGINE=InnoDB")));
  TRY(version, connection.number(sql("SELECT MAX(version) FROM $_schema")));
  if (version > kVersion) {
    return base::fail(base::Code::unsupported,
                      fmt::format("the tables {}_* have schema version {}, this program knows up "
                                  "to {}: run the later refrain that made them, or choose another "
                                  "database",
                                  prefix_, version, kVersion));
  }
  for (; version < kVersion; ++version) {
    for (const char* step : kMigrations[version]) TRY_DO(connection.execute(sql(step)));
    Parameter row[] = {version + 1, number(now)};
    TRY_DO(connection.query(sql("INSERT IGNORE INTO $_schema VALUES(?, ?)"), row));
  }
  return {};
}

Result<std::uint64_t> Tables::count_opening(Connection& connection) const {
  TRY_DO(connection.execute("START TRANSACTION"));
  TRY_DO(connection.execute(sql("UPDATE $_state SET openings = openings + 1 WHERE one = 1")));
  TRY(opening, connection.number(sql("SELECT openings FROM $_state WHERE one = 1")));
  TRY_DO(connection.execute("COMMIT"));
  return static_cast<std::uint64_t>(opening);
}

Result<std::vector<Record>> Tables::decode(Rows& rows, Detail detail,
                                           std::vector<EntryId>& corrupt) const {
  std::vector<Record> out;
  for (;;) {
    TRY(there, rows.next());
    if (!there) return out;
    Result<Record> record = record_at(rows, detail);
    if (record) {
      out.push_back(std::move(*record));
    } else {
      corrupt.push_back(static_cast<EntryId>(rows.integer(0)));
    }
  }
}

Result<std::optional<Record>> Tables::find(Connection& connection, const Key& exact,
                                           std::string_view canonical,
                                           std::vector<EntryId>& corrupt) const {
  const std::string key = codec::key_bytes(exact);
  Parameter wanted[] = {std::string_view(key)};
  TRY(rows, connection.query(sql(select(Detail::whole) + " WHERE e.exact = ?"), wanted));
  TRY(records, decode(rows, Detail::whole, corrupt));
  for (Record& record : records) {
    if (record.canonical == canonical) return std::move(record);
  }
  return std::nullopt;
}

Result<std::vector<Record>> Tables::read(Connection& connection, const Wanted& wanted,
                                         std::vector<EntryId>& corrupt) const {
  if (wanted.ids.empty()) return std::vector<Record>{};
  std::vector<Parameter> ids = parameters_of(wanted.ids);
  TRY(rows, connection.query(sql(select(wanted.detail) + " WHERE e.id IN " + marks(ids.size(), 1) +
                                 " ORDER BY e.id"),
                             ids));
  return decode(rows, wanted.detail, corrupt);
}

Result<Tables::Part> Tables::next(Connection& connection, const Source::Walk& walk,
                                  std::vector<EntryId>& corrupt) const {
  Parameter after[] = {number(walk.after)};
  TRY(rows, connection.query(sql(select(walk.detail) +
                                 fmt::format(" WHERE e.id > ? ORDER BY e.id LIMIT {}", kPage)),
                             after));
  Part part;
  std::size_t before = corrupt.size();
  TRY(records, decode(rows, walk.detail, corrupt));
  part.end = records.size() + corrupt.size() - before < kPage;
  part.last = walk.after;
  if (!records.empty()) part.last = std::max(part.last, records.back().id);
  for (; before < corrupt.size(); ++before) part.last = std::max(part.last, corrupt[before]);
  part.records = std::move(records);
  return part;
}

Result<State> Tables::state(Connection& connection) const {
  TRY(rows, connection.query(sql("SELECT sequence, records, bytes FROM $_state WHERE one = 1")));
  TRY(there, rows.next());
  if (!there) return base::fail(base::Code::corrupt, "the database has lost its row of state");
  return State{static_cast<std::uint64_t>(rows.integer(0)), rows.integer(1), rows.integer(2)};
}

Result<State> Tables::lock_state(Connection& connection) const {
  TRY_DO(connection.query(sql("UPDATE $_state SET sequence = sequence + 1 WHERE one = 1")));
  return state(connection);
}

Result<> Tables::write_state(Connection& connection, const State& state) const {
  Parameter row[] = {state.records, state.bytes};
  TRY_DO(connection.query(sql("UPDATE $_state SET records = ?, bytes = ? WHERE one = 1"), row));
  return {};
}

Result<std::vector<Record>> Tables::same_keys(Connection& connection,
                                              std::span<const Record* const> like,
                                              std::vector<EntryId>& corrupt) const {
  std::vector<std::string> keys;
  for (const Record* record : like) keys.push_back(codec::key_bytes(record->exact));
  std::vector<Parameter> wanted;
  for (const std::string& key : keys) wanted.emplace_back(std::string_view(key));
  wanted = filled_up(std::move(wanted));
  TRY(rows,
      connection.query(sql(select(Detail::whole) + " WHERE e.exact IN " + marks(wanted.size(), 1)),
                       wanted));
  return decode(rows, Detail::whole, corrupt);
}

Result<> Tables::insert(Connection& connection,
                        std::span<const std::unique_ptr<Encoded>> rows) const {
  while (!rows.empty()) {
    std::size_t length = 1;
    for (std::size_t other : kLengths) {
      if (other <= rows.size()) length = other;
    }
    std::vector<Parameter> entries, answers;
    for (const std::unique_ptr<Encoded>& row : rows.first(length)) {
      append(entries, *row);
      answers.insert(answers.end(), {number(row->entry.id), row->answer.canonical,
                                     row->answer.answer, row->answer.checksum});
    }
    TRY_DO(connection.query(sql("INSERT INTO $_entries VALUES ") + marks(20, length), entries));
    TRY_DO(connection.query(sql("INSERT INTO $_answers VALUES ") + marks(4, length), answers));
    rows = rows.subspan(length);
  }
  return {};
}

Result<Tables::Erased> Tables::erase(Connection& connection, std::span<const EntryId> ids) const {
  Erased out;
  if (ids.empty()) return out;
  std::vector<Parameter> wanted = parameters_of(ids);
  const std::string in = " WHERE id IN " + marks(wanted.size(), 1);
  {
    TRY(rows, connection.query(sql("SELECT id, bytes FROM $_entries" + in), wanted));
    for (;;) {
      TRY(there, rows.next());
      if (!there) break;
      out.ids.push_back(static_cast<EntryId>(rows.integer(0)));
      out.bytes += rows.integer(1);
    }
  }
  if (out.ids.empty()) return out;
  TRY_DO(connection.query(sql("DELETE FROM $_answers" + in), wanted));
  TRY_DO(connection.query(sql("DELETE FROM $_entries" + in), wanted));
  return out;
}

Result<> Tables::write_question(Connection& connection, const Record& record,
                                std::int64_t more) const {
  codec::Owned owned;
  codec::QuestionRow row = codec::question_row(record, owned);
  Parameter to[] = {row.text, row.embedder, row.vector, row.checksum, more, number(record.id)};
  TRY_DO(connection.query(sql("UPDATE $_entries SET question = ?, embedder = ?, embedding = ?, "
                              "question_sum = ?, bytes = bytes + ? WHERE id = ?"),
                          to));
  return {};
}

Result<> Tables::touch(Connection& connection, std::span<const Touch> touches) const {
  while (!touches.empty()) {
    std::span<const Touch> some = touches.first(std::min(touches.size(), kLengths.back()));
    touches = touches.subspan(some.size());
    std::vector<Parameter> rows;
    const std::size_t length = length_for(some.size());
    std::string text = "UPDATE $_entries e JOIN (";
    for (std::size_t i = 0; i < length; ++i) {
      text += i == 0 ? "SELECT ? AS id, ? AS hits, ? AS used" : " UNION ALL SELECT ?, ?, ?";
      const bool filling = i >= some.size();  // no entry has the id 0
      rows.emplace_back(number(filling ? 0 : some[i].id));
      rows.emplace_back(number(filling ? 0 : some[i].hits));
      rows.emplace_back(filling ? 0 : number(some[i].used));
    }
    text += ") t ON t.id = e.id SET e.hits = e.hits + t.hits, e.used = GREATEST(e.used, t.used)";
    TRY_DO(connection.query(sql(text), rows));
  }
  return {};
}

Result<std::vector<Lean>> Tables::lean(Connection& connection, EntryId after,
                                       std::size_t limit) const {
  Parameter from[] = {number(after), number(limit)};
  TRY(rows, connection.query(sql("SELECT id, stored, used, hits, cost, bytes FROM $_entries "
                                 "WHERE id > ? ORDER BY id LIMIT ?"),
                             from));
  std::vector<Lean> out;
  for (;;) {
    TRY(there, rows.next());
    if (!there) return out;
    Lean entry;
    entry.id = static_cast<EntryId>(rows.integer(0));
    entry.facts.stored = WallTime(WallTime::duration(rows.integer(1)));
    entry.facts.used = WallTime(WallTime::duration(rows.integer(2)));
    entry.facts.hits = static_cast<std::uint64_t>(rows.integer(3));
    entry.facts.cost_microseconds = static_cast<std::uint64_t>(rows.integer(4));
    entry.facts.bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(1, rows.integer(5)));
    out.push_back(entry);
  }
}

Result<std::vector<EntryId>> Tables::expired(Connection& connection, WallTime now) const {
  Parameter until[] = {number(now)};
  TRY(rows, connection.query(sql("SELECT id FROM $_entries WHERE expires <= ? LIMIT 1000"), until));
  std::vector<EntryId> out;
  for (;;) {
    TRY(there, rows.next());
    if (!there) return out;
    out.push_back(static_cast<EntryId>(rows.integer(0)));
  }
}

Result<> Tables::write_note(Connection& connection, const Note& note) const {
  Parameter row[] = {number(note.sequence),      number(note.opening),
                     number(note.group),         number(note.at),
                     std::string_view(note.put), std::string_view(note.gone)};
  TRY_DO(connection.query(sql("INSERT INTO $_changes VALUES(?, ?, ?, ?, ?, ?)"), row));
  return {};
}

Result<std::vector<Tables::Note>> Tables::notes(Connection& connection, std::uint64_t after) const {
  Parameter from[] = {number(after)};
  TRY(rows, connection.query(sql("SELECT sequence, put, gone FROM $_changes WHERE sequence > ? "
                                 "ORDER BY sequence LIMIT 1000"),
                             from));
  std::vector<Note> out;
  for (;;) {
    TRY(there, rows.next());
    if (!there) return out;
    Note note;
    note.sequence = static_cast<std::uint64_t>(rows.integer(0));
    note.put = rows.bytes(1);
    note.gone = rows.bytes(2);
    out.push_back(std::move(note));
  }
}

Result<bool> Tables::has_note(Connection& connection, std::uint64_t opening,
                              std::uint64_t group) const {
  Parameter which[] = {number(opening), number(group)};
  TRY(rows,
      connection.query(sql("SELECT sequence FROM $_changes WHERE opening = ? AND grp = ?"), which));
  return rows.next();
}

Result<> Tables::forget_notes(Connection& connection, WallTime before) const {
  Parameter until[] = {number(before)};
  TRY_DO(connection.query(sql("DELETE FROM $_changes WHERE at < ? LIMIT 1000"), until));
  return {};
}

}  // namespace refrain::store::mysql_tables
