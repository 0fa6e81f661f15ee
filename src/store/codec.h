#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"

/// Columns of the tables <-> members of a Record; docs/formats/store.md. Knows nothing of SQLite.
/// Decoders take hostile bytes: every error is corrupt, nothing grows beyond what the bytes can
/// hold.
namespace refrain::store::codec {

/// Row of `entries`. Views live as long as whoever holds the row.
struct EntryRow {
  EntryId id = 0;
  std::string_view exact, space;  // 16 bytes each
  std::string_view tenant, user, model, dialect;
  std::int64_t scope = 0;
  std::string_view tags;  // count, then texts with lengths
  std::int64_t stored = 0;
  std::optional<std::int64_t> expires;
  std::int64_t cost = 0;
  std::int64_t checksum = 0;  // of all above
  std::int64_t used = 0, hits = 0;  // statistics: not under the checksum
};
/// Row of `questions`; there only when a record has a text or a vector.
struct QuestionRow {
  std::string_view text;  // packed
  std::string_view embedder;
  std::string_view vector;  // f32, little-endian
  std::int64_t checksum = 0;
};
/// Row of `answers`.
struct AnswerRow {
  std::string_view canonical;  // packed, with the text as prefix
  std::string_view answer;     // packed
  std::int64_t checksum = 0;
};

/// What encoding made new: the rows view it and the record.
struct Owned {
  std::string exact, space, tags, text, canonical, answer;
};
EntryRow entry_row(const Record& record, Owned& owned);
QuestionRow question_row(const Record& record, Owned& owned);
AnswerRow answer_row(const Record& record, Owned& owned);

/// Fill the members of `record` that their rows hold. Order: entry, question, answer.
Result<> decode(const EntryRow& row, Record& record);
Result<> decode(const QuestionRow& row, Record& record);
Result<> decode(const AnswerRow& row, Record& record);

/// Set the checksum to that of the other columns.
void seal(EntryRow& row);
void seal(QuestionRow& row, EntryId id);
void seal(AnswerRow& row, EntryId id);

/// One byte for the way (0 as it is, 1 zstd, 2 zstd with `prefix` as dictionary), then the bytes;
/// the first way that saves a tenth.
std::string pack(std::string_view bytes, std::string_view prefix = {});
Result<std::string> unpack(std::string_view packed, std::string_view prefix = {});

std::string key_bytes(const Key& key);

}  // namespace refrain::store::codec
