// One thread owns the connection: what must be durable is a job that its caller waits for, rows of
// the log wait in a queue that one job empties in one transaction. So a slow disk costs a query
// nothing but its row.
#include "answers/ledger.h"

#include <future>
#include <utility>

#include <fmt/format.h>

#include "key/canonical.h"

namespace refrain::answers {
namespace {

using base::Code;
using base::fail;
using base::Result;
namespace sqlite = disk::sqlite;

constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS model(tenant TEXT NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY(tenant, name)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS query_log(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
    tenant TEXT NOT NULL, model TEXT NOT NULL, error_code INTEGER NOT NULL,
    error_desc TEXT NOT NULL, cache_hit INTEGER NOT NULL, query TEXT NOT NULL,
    microseconds INTEGER NOT NULL, hit_query TEXT NOT NULL, answer TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS query_log_of ON query_log(tenant, model, id);
  CREATE INDEX IF NOT EXISTS query_log_at ON query_log(at);
)";

std::string name_of(const Collection& collection) {
  std::string out;
  key::part::text(collection.tenant, out);
  key::part::text(collection.model, out);
  return out;
}

// Cuts at the beginning of a character.
void cut(std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U) {
    --bytes_max;
  }
  text.resize(bytes_max);
}

}  // namespace

Result<> Ledger::Options::check() const {
  if (queue_max == 0) return fail(Code::invalid, "queue_max is 0");
  if (age_max <= std::chrono::milliseconds(0)) {
    return fail(Code::invalid, fmt::format("age_max {} ms is not positive", age_max.count()));
  }
  return {};
}

Ledger::Ledger(Options options, base::Clock& clock, std::unique_ptr<sqlite::Connection> file)
    : options_(std::move(options)), clock_(clock), file_(std::move(file)) {}

Ledger::~Ledger() { stop(); }

Result<std::unique_ptr<Ledger>> Ledger::open(Options options, base::Clock& clock) {
  TRY_DO(options.check());
  TRY(file, sqlite::Connection::open(options.path, sqlite::Access::write));
  std::unique_ptr<Ledger> ledger(
      new Ledger(std::move(options), clock, std::move(file)));  // NOLINT: private constructor
  TRY_DO(ledger->load());
  return ledger;
}

Result<> Ledger::load() {
  TRY_DO(file_->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"));
  TRY_DO(file_->execute(kSchema));
  TRY(query, file_->query("SELECT tenant, name FROM model"));
  for (;;) {
    TRY(more, query.step());
    if (!more) return {};
    const Collection collection{std::string(query.bytes(0)), std::string(query.bytes(1))};
    models_.with([&](auto& models) { models.insert(name_of(collection)); });
  }
}

template <class T>
Result<T> Ledger::ask(std::move_only_function<Result<T>()> work) {
  std::promise<Result<T>> promise;
  std::future<Result<T>> answer = promise.get_future();
  TRY_DO(writer_.submit([&promise, &work] { promise.set_value(work()); }));
  return answer.get();
}

Result<Ledger::Registered> Ledger::register_model(const Collection& collection) {
  const std::string name = name_of(collection);
  if (models_.with([&](const auto& models) { return models.contains(name); })) {
    return Registered::was_there;
  }
  return ask<Registered>([&]() -> Result<Registered> {
    TRY(query, file_->query("INSERT OR IGNORE INTO model(tenant, name) VALUES(?, ?)"));
    query.bind_text(1, collection.tenant);
    query.bind_text(2, collection.model);
    TRY_DO(query.run());
    const bool is_new = file_->changes() > 0;
    models_.with([&](auto& models) { models.insert(name); });
    return is_new ? Registered::created : Registered::was_there;
  });
}

void Ledger::log(LogRow row) {
  if (options_.rows_max == 0) return;
  for (std::string* text : {&row.query, &row.hit_query, &row.answer, &row.error_desc}) {
    cut(*text, options_.row_bytes_max);
  }
  bool full = false, schedule = false;
  waiting_.with([&](Waiting& waiting) {
    full = waiting.rows.size() >= options_.queue_max;
    if (full) return;
    waiting.rows.push_back(std::move(row));
    schedule = !std::exchange(waiting.scheduled, true);
  });
  if (full) return dropped_.add();
  if (!schedule || writer_.submit([this] { drain(); })) return;
  // The rows stay; the next one, or who asks for them, takes them along.
  waiting_.with([](Waiting& waiting) { waiting.scheduled = false; });
}

void Ledger::drain() {
  std::deque<LogRow> rows;
  waiting_.with([&](Waiting& waiting) {
    rows.swap(waiting.rows);
    waiting.scheduled = false;
  });
  if (rows.empty()) return;
  if (Result<> written = write(rows); !written) {
    failed_.add(rows.size());
    fault_.warn("queries were not logged", {{"what", written.error().what}});
    const Result<> undone = file_->in_transaction() ? file_->execute("ROLLBACK") : Result<>();
    if (!undone) fault_.warn("the query log is stuck", {{"what", undone.error().what}});
    return;
  }
  logged_.add(rows.size());
}

Result<> Ledger::write(const std::deque<LogRow>& rows) {
  TRY_DO(file_->execute("BEGIN"));
  {
    TRY(query, file_->query("INSERT INTO query_log(at, tenant, model, error_code, error_desc, "
                            "cache_hit, query, microseconds, hit_query, answer) "
                            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    for (const LogRow& row : rows) {
      query.bind(1, row.when.time_since_epoch().count());
      query.bind_text(2, row.collection.tenant);
      query.bind_text(3, row.collection.model);
      query.bind(4, row.error_code);
      query.bind_text(5, row.error_desc);
      query.bind(6, row.hit ? 1 : 0);
      query.bind_text(7, row.query);
      query.bind(8, static_cast<std::int64_t>(row.seconds * 1e6));
      query.bind_text(9, row.hit_query);
      query.bind_text(10, row.answer);
      TRY_DO(query.run());
      query.reset();
    }
  }
  TRY_DO(retain());
  return file_->execute("COMMIT");
}

Result<> Ledger::retain() {
  TRY(old, file_->query("DELETE FROM query_log WHERE at < ?"));
  old.bind(1, (clock_.wall() - options_.age_max).time_since_epoch().count());
  TRY_DO(old.run());
  TRY(many, file_->query("DELETE FROM query_log WHERE id <= (SELECT max(id) FROM query_log) - ?"));
  many.bind(1, static_cast<std::int64_t>(options_.rows_max));
  return many.run();
}

Result<std::vector<LogRow>> Ledger::rows(const Collection& collection, std::size_t limit) {
  return ask<std::vector<LogRow>>([&] {
    drain();
    return read(collection, limit);
  });
}

Result<std::vector<LogRow>> Ledger::read(const Collection& collection, std::size_t limit) {
  TRY(query, file_->query("SELECT id, at, tenant, model, error_code, error_desc, cache_hit, query, "
                          "microseconds, hit_query, answer FROM query_log "
                          "WHERE (?1 = '' OR tenant = ?1) AND (?2 = '' OR model = ?2) "
                          "ORDER BY id DESC LIMIT ?3"));
  query.bind_text(1, collection.tenant);
  query.bind_text(2, collection.model);
  query.bind(3, static_cast<std::int64_t>(limit));
  std::vector<LogRow> out;
  for (;;) {
    TRY(more, query.step());
    if (!more) return out;
    LogRow row;
    row.id = static_cast<std::uint64_t>(query.integer(0));
    row.when = base::WallTime(std::chrono::milliseconds(query.integer(1)));
    row.collection = {std::string(query.bytes(2)), std::string(query.bytes(3))};
    row.error_code = static_cast<int>(query.integer(4));
    row.error_desc = query.bytes(5);
    row.hit = query.integer(6) != 0;
    row.query = query.bytes(7);
    row.seconds = static_cast<double>(query.integer(8)) / 1e6;
    row.hit_query = query.bytes(9);
    row.answer = query.bytes(10);
    out.push_back(std::move(row));
  }
}

Result<> Ledger::forget(const Collection& collection) {
  return ask<void>([&]() -> Result<> {
    drain();
    TRY(query, file_->query("DELETE FROM query_log WHERE tenant = ? AND model = ?"));
    query.bind_text(1, collection.tenant);
    query.bind_text(2, collection.model);
    return query.run();
  });
}

Ledger::Stats Ledger::stats() const { return {logged_.value(), dropped_.value(), failed_.value()}; }

}  // namespace refrain::answers
