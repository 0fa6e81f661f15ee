#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "answers/question.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/mutex.h"
#include "base/pool.h"
#include "disk/sqlite.h"

namespace refrain::answers {

/// What was asked and what came of it. Of a tenant's own data, so it is forgotten with its answers.
struct LogRow {
  std::uint64_t id = 0;  // ascending; given by the ledger
  base::WallTime when{};
  Collection collection{};
  int error_code = 0;
  std::string error_desc{};
  bool hit = false;
  std::string query{};  // JSON text
  double seconds = 0;
  std::string hit_query{}, answer{};
};

/// Registered models and the log of queries, in a SQLite file of their own. One thread writes; who
/// logs never waits. Threads: any.
class Ledger {
 public:
  struct Options {
    std::string path = ":memory:";
    std::size_t queue_max = 4096;          // rows that wait to be written; more are dropped
    std::size_t row_bytes_max = 64 << 10;  // of each text of a row; longer ones are cut
    std::uint64_t rows_max = 100'000;      // the oldest go; 0: nothing is logged
    std::chrono::milliseconds age_max = std::chrono::hours(24 * 30);
    base::Result<> check() const;
  };
  struct Stats {
    std::uint64_t logged = 0, dropped = 0, failed = 0;
  };
  enum class Registered : std::uint8_t { created, was_there };

  /// Errors: invalid (options), io, corrupt.
  static base::Result<std::unique_ptr<Ledger>> open(Options options, base::Clock& clock);
  /// stop().
  ~Ledger();

  /// Survives kill -9 on return. Blocks. Errors: io, busy, cancelled (stopped).
  base::Result<Registered> register_model(const Collection& collection);
  /// Never waits.
  void log(LogRow row);
  /// The newest rows of a collection ("" as tenant or model: of all), newest first. What was logged
  /// before is in it. Blocks. Errors: as register_model.
  base::Result<std::vector<LogRow>> rows(const Collection& collection, std::size_t limit);
  /// Forgets the collection's rows. Blocks. Errors: as register_model.
  base::Result<> forget(const Collection& collection);
  /// Writes what waits. The last call.
  void stop() { writer_.stop(); }
  Stats stats() const;

 private:
  Ledger(Options options, base::Clock& clock, std::unique_ptr<disk::sqlite::Connection> file);
  base::Result<> load();
  template <class T>
  base::Result<T> ask(std::move_only_function<base::Result<T>()> work);
  void drain();
  base::Result<> write(const std::deque<LogRow>& rows);
  base::Result<> retain();
  base::Result<std::vector<LogRow>> read(const Collection& collection, std::size_t limit);

  struct Waiting {
    std::deque<LogRow> rows;
    bool scheduled = false;
  };
  const Options options_;
  base::Clock& clock_;
  std::unique_ptr<disk::sqlite::Connection> file_;  // of the writer's thread
  base::Mutex<std::unordered_set<std::string>> models_;
  base::Mutex<Waiting> waiting_;
  base::Counter logged_, dropped_, failed_;
  base::log::Occasionally fault_;
  base::Pool writer_{{.name = "ledger", .threads = 1, .queue_max = 1024}};
};

}  // namespace refrain::answers
