#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mysql/connection.h"
#include "store/backend.h"
#include "store/codec.h"
#include "store/eviction.h"

/// Records in the tables of a MySQL-like database; docs/formats/store.md. Statements are plain:
/// no foreign keys, triggers, functions of one vendor, or locks by name, so that OceanBase's MySQL
/// mode can run them too. Functions report ids whose rows failed their checksum in `corrupt` and
/// treat them as absent.
namespace refrain::store::mysql_tables {

inline constexpr std::int64_t kVersion = 1;

/// One row that all writers of a database share, and lock first.
struct State {
  std::uint64_t sequence = 0;
  std::int64_t records = 0, bytes = 0;
};

/// A record's rows, ready to be written.
struct Encoded {
  explicit Encoded(const Record& record);
  Encoded(const Encoded&) = delete;
  Encoded& operator=(const Encoded&) = delete;

  codec::Owned owned;
  codec::EntryRow entry;
  std::optional<codec::QuestionRow> question;
  codec::AnswerRow answer;
  std::size_t bytes = 0;  // of all rows, about
};

class Tables {
 public:
  /// prefix: of the tables' names; 1 to 32 of a to z, 0 to 9 and _.
  explicit Tables(std::string prefix);

  /// Makes the tables or brings them to kVersion. Two processes may do it at once: every step may
  /// be repeated. Errors: unsupported (a later version), those of the connection.
  Result<> prepare(mysql::Connection& connection, WallTime now) const;
  /// Counts this process: numbers that no other process gets. Errors: those of the connection.
  Result<std::uint64_t> count_opening(mysql::Connection& connection) const;

  Result<std::optional<Record>> find(mysql::Connection& connection, const Key& exact,
                                     std::string_view canonical,
                                     std::vector<EntryId>& corrupt) const;
  /// Those of `ids` that are there, in order of ids. At most kIdsMax.
  static constexpr std::size_t kIdsMax = 64;
  struct Wanted {
    std::span<const EntryId> ids;
    Detail detail = Detail::whole;
  };
  Result<std::vector<Record>> read(mysql::Connection& connection, const Wanted& wanted,
                                   std::vector<EntryId>& corrupt) const;
  struct Part {
    std::vector<Record> records;
    EntryId last = 0;  // that was read, readable or not
    bool end = false;
  };
  Result<Part> next(mysql::Connection& connection, const Source::Walk& walk,
                    std::vector<EntryId>& corrupt) const;

  Result<State> state(mysql::Connection& connection) const;
  /// Takes the lock that all writers take, and the next number of the sequence.
  Result<State> lock_state(mysql::Connection& connection) const;
  Result<> write_state(mysql::Connection& connection, const State& state) const;

  /// Whose exact key is one of `like`, whatever their canonical bytes. At most kIdsMax.
  Result<std::vector<Record>> same_keys(mysql::Connection& connection,
                                        std::span<const Record* const> like,
                                        std::vector<EntryId>& corrupt) const;
  /// Errors: conflict (an id is there).
  Result<> insert(mysql::Connection& connection,
                  std::span<const std::unique_ptr<Encoded>> rows) const;
  struct Erased {
    std::vector<EntryId> ids;
    std::int64_t bytes = 0;
  };
  /// Returns those that were there. At most kIdsMax.
  Result<Erased> erase(mysql::Connection& connection, std::span<const EntryId> ids) const;
  /// Writes the question of that record again; `more`: bytes by which it grew.
  Result<> write_question(mysql::Connection& connection, const Record& record,
                          std::int64_t more) const;
  Result<> touch(mysql::Connection& connection, std::span<const Touch> touches) const;

  Result<std::vector<Lean>> lean(mysql::Connection& connection, EntryId after,
                                 std::size_t limit) const;
  Result<std::vector<EntryId>> expired(mysql::Connection& connection, WallTime now) const;

  struct Note {
    std::uint64_t sequence = 0, opening = 0, group = 0;
    WallTime at{};
    std::string put, gone;
  };
  Result<> write_note(mysql::Connection& connection, const Note& note) const;
  /// At most 1000 with a greater sequence, in order.
  Result<std::vector<Note>> notes(mysql::Connection& connection, std::uint64_t after) const;
  /// Whether a group of that opening was committed.
  Result<bool> has_note(mysql::Connection& connection, std::uint64_t opening,
                        std::uint64_t group) const;
  Result<> forget_notes(mysql::Connection& connection, WallTime before) const;

 private:
  std::string sql(std::string_view text) const;
  Result<std::vector<Record>> decode(mysql::Rows& rows, Detail detail,
                                     std::vector<EntryId>& corrupt) const;

  const std::string prefix_;
};

}  // namespace refrain::store::mysql_tables
