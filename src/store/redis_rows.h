#pragma once

#include <string>
#include <string_view>

#include "redis/connection.h"
#include "store/codec.h"

/// The fields of a record's hash; docs/formats/redis.md. Decoders take hostile bytes: every error
/// is corrupt.
namespace refrain::store::redis_rows {

/// Fields of one record; `bytes` is what it takes, about.
struct Fields {
  std::string exact, digest;  // hex
  std::string facts, question, answer;
  std::uint64_t bytes = 0;
};
Fields fields_of(const Record& record);
/// The field q alone.
std::string question_of(const Record& record);

/// A row of the scripts find, get and next. nullopt: no such record.
Result<std::optional<Record>> read_row(const redis::Reply& row, Detail detail);

std::string key_hex(const Key& key);
/// 16 digits, so that ids sort as text.
std::string hex_of(EntryId id);
/// 0 when it is no id.
EntryId id_of(std::string_view hex);
/// "a,b,c"; "" is none.
std::vector<EntryId> ids_of(std::string_view list);

}  // namespace refrain::store::redis_rows
