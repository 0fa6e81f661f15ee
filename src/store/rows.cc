#include "store/rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/entry_columns.h"

namespace refrain::store::rows {
namespace {

using disk::sqlite::Connection;
using disk::sqlite::Query;

// What a row of each table and its index rows take beside their bytes; docs/design/store.md.
constexpr std::size_t kRowBytes = 180;

#define ENTRY_COLUMNS                                                                   \
  "e.id, e.exact, e.space, e.tenant, e.user, e.scope, e.model, e.dialect, e.tags, "     \
  "e.stored, e.expires, e.cost, e.checksum, e.used, e.hits, q.id, q.text, q.embedder, " \
  "q.vector, q.checksum"
#define ANSWER_COLUMNS ", a.canonical, a.answer, a.checksum"
#define FROM_HEADS " FROM entries e LEFT JOIN questions q ON q.id = e.id"
#define FROM_ALL FROM_HEADS " LEFT JOIN answers a ON a.id = e.id"
#define HEADS "SELECT " ENTRY_COLUMNS FROM_HEADS
#define ALL "SELECT " ENTRY_COLUMNS ANSWER_COLUMNS FROM_ALL

constexpr int kQuestion = 15;  // first column of each table
constexpr int kAnswer = 20;

Result<Record> decode(const Query& query, Detail detail) {
  Record record;
  TRY_DO(codec::decode(codec::entry_at(query), record));
  if (!query.is_null(kQuestion)) {
    codec::QuestionRow row{query.bytes(kQuestion + 1), query.bytes(kQuestion + 2),
                           query.bytes(kQuestion + 3), query.integer(kQuestion + 4)};
    TRY_DO(codec::decode(row, record));
  }
  if (detail == Detail::head) record.vector.clear();
  if (detail != Detail::whole) return record;
  codec::AnswerRow row{query.bytes(kAnswer), query.bytes(kAnswer + 1), query.integer(kAnswer + 2)};
  TRY_DO(codec::decode(row, record));
  return record;
}

std::int64_t signed_id(EntryId id) { return static_cast<std::int64_t>(id); }

Result<> insert_question(Connection& connection, EntryId id, const codec::QuestionRow& row) {
  TRY(query, connection.query("INSERT OR REPLACE INTO questions VALUES(?, ?, ?, ?, ?)"));
  query.bind(1, signed_id(id));
  query.bind_blob(2, row.text);
  query.bind_text(3, row.embedder);
  query.bind_blob(4, row.vector);
  query.bind(5, row.checksum);
  return query.run();
}

Result<> insert_answer(Connection& connection, EntryId id, const codec::AnswerRow& row) {
  TRY(query, connection.query("INSERT INTO answers VALUES(?, ?, ?, ?)"));
  query.bind(1, signed_id(id));
  query.bind_blob(2, row.canonical);
  query.bind_blob(3, row.answer);
  query.bind(4, row.checksum);
  return query.run();
}

Result<> insert_entry(Connection& connection, const codec::EntryRow& row, std::size_t bytes) {
  TRY(query, connection.query("INSERT INTO entries VALUES"
                              "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  query.bind(1, signed_id(row.id));
  query.bind_blob(2, row.exact);
  query.bind_blob(3, row.space);
  query.bind_text(4, row.tenant);
  query.bind_text(5, row.user);
  query.bind(6, row.scope);
  query.bind_text(7, row.model);
  query.bind_text(8, row.dialect);
  query.bind_blob(9, row.tags);
  query.bind(10, row.stored);
  row.expires ? query.bind(11, *row.expires) : query.bind_null(11);
  query.bind(12, row.cost);
  query.bind(13, row.checksum);
  query.bind(14, row.used);
  query.bind(15, row.hits);
  query.bind(16, static_cast<std::int64_t>(bytes));
  return query.run();
}

}  // namespace

Result<> insert(Connection& connection, const Record& record) {
  codec::Owned owned;
  codec::EntryRow entry = codec::entry_row(record, owned);
  codec::AnswerRow answer = codec::answer_row(record, owned);
  std::size_t bytes = kRowBytes + record.tenant.size() + record.user.size() + record.model.size() +
                      record.dialect.size() + owned.tags.size() + owned.canonical.size() +
                      owned.answer.size();
  if (!record.text.empty() || !record.vector.empty()) {
    codec::QuestionRow question = codec::question_row(record, owned);
    bytes += question.text.size() + question.embedder.size() + question.vector.size();
    TRY_DO(insert_question(connection, record.id, question));
  }
  TRY_DO(insert_answer(connection, record.id, answer));
  return insert_entry(connection, entry, bytes);
}

Result<bool> erase(Connection& connection, EntryId id) {
  for (const char* sql : {"DELETE FROM questions WHERE id = ?", "DELETE FROM answers WHERE id = ?",
                          "DELETE FROM entries WHERE id = ?"}) {
    TRY(query, connection.query(sql));
    query.bind(1, signed_id(id));
    TRY_DO(query.run());
  }
  return connection.changes() > 0;
}

Result<bool> embed(Connection& connection, const Embedding& embedding,
                   std::vector<EntryId>& corrupt) {
  TRY(found, read(connection, embedding.id, Detail::question, corrupt));
  if (!found) return false;
  std::size_t before = found->vector.size() * sizeof(float);
  found->vector = embedding.vector;
  found->embedder = embedding.embedder;
  codec::Owned owned;
  TRY_DO(insert_question(connection, found->id, codec::question_row(*found, owned)));
  TRY(query, connection.query("UPDATE entries SET bytes = bytes + ? WHERE id = ?"));
  std::size_t after = embedding.vector.size() * sizeof(float);
  query.bind(1, static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before));
  query.bind(2, signed_id(embedding.id));
  TRY_DO(query.run());
  return true;
}

Result<> touch(Connection& connection, const Touch& touch) {
  TRY(query,
      connection.query("UPDATE entries SET hits = hits + ?, used = max(used, ?) WHERE id = ?"));
  query.bind(1, static_cast<std::int64_t>(touch.hits));
  query.bind(2, touch.used.time_since_epoch().count());
  query.bind(3, signed_id(touch.id));
  return query.run();
}

Result<std::optional<Record>> find(Connection& connection, const Key& exact,
                                   std::string_view canonical, std::vector<EntryId>& corrupt) {
  TRY(query, connection.query(ALL " WHERE e.exact = ?"));
  std::string key = codec::key_bytes(exact);
  query.bind_blob(1, key);
  for (;;) {
    TRY(row, query.step());
    if (!row) return std::nullopt;
    Result<Record> record = decode(query, Detail::whole);
    if (!record) {
      corrupt.push_back(static_cast<EntryId>(query.integer(0)));
      continue;
    }
    if (record->canonical == canonical) return std::move(*record);
  }
}

Result<std::optional<Record>> read(Connection& connection, EntryId id, Detail detail,
                                   std::vector<EntryId>& corrupt) {
  TRY(query,
      connection.query(detail == Detail::whole ? ALL " WHERE e.id = ?" : HEADS " WHERE e.id = ?"));
  query.bind(1, signed_id(id));
  TRY(row, query.step());
  if (!row) return std::nullopt;
  Result<Record> record = decode(query, detail);
  if (!record) {
    corrupt.push_back(id);
    return std::nullopt;
  }
  return std::move(*record);
}

Result<> walk(Connection& connection, EntryId after, Detail detail, std::vector<EntryId>& corrupt,
              const std::function<Result<bool>(Record&&)>& each) {
  TRY(query, connection.query(detail == Detail::whole ? ALL " WHERE e.id > ? ORDER BY e.id"
                                                      : HEADS " WHERE e.id > ? ORDER BY e.id"));
  query.bind(1, signed_id(after));
  for (;;) {
    TRY(row, query.step());
    if (!row) return {};
    Result<Record> record = decode(query, detail);
    if (!record) {
      corrupt.push_back(static_cast<EntryId>(query.integer(0)));
      continue;
    }
    TRY(more, each(std::move(*record)));
    if (!more) return {};
  }
}

Result<std::vector<Lean>> lean(Connection& connection, EntryId after, std::size_t limit) {
  TRY(query, connection.query("SELECT id, stored, used, hits, cost, bytes FROM entries "
                              "WHERE id > ? ORDER BY id LIMIT ?"));
  query.bind(1, signed_id(after));
  query.bind(2, static_cast<std::int64_t>(limit));
  std::vector<Lean> out;
  for (;;) {
    TRY(row, query.step());
    if (!row) return out;
    Lean entry;
    entry.id = static_cast<EntryId>(query.integer(0));
    entry.facts.stored = WallTime(WallTime::duration(query.integer(1)));
    entry.facts.used = WallTime(WallTime::duration(query.integer(2)));
    entry.facts.hits = static_cast<std::uint64_t>(query.integer(3));
    entry.facts.cost_microseconds = static_cast<std::uint64_t>(query.integer(4));
    entry.facts.bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(1, query.integer(5)));
    out.push_back(entry);
  }
}

Result<std::vector<EntryId>> expired(Connection& connection, WallTime now, std::size_t limit) {
  TRY(query, connection.query("SELECT id FROM entries WHERE expires IS NOT NULL AND expires <= ? "
                              "LIMIT ?"));
  query.bind(1, now.time_since_epoch().count());
  query.bind(2, static_cast<std::int64_t>(limit));
  std::vector<EntryId> out;
  for (;;) {
    TRY(row, query.step());
    if (!row) return out;
    out.push_back(static_cast<EntryId>(query.integer(0)));
  }
}

}  // namespace refrain::store::rows
