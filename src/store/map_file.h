#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/memory_store.h"

/// All entries of a store in memory as one file (docs/formats/map.md): for who wants neither a
/// database nor a folder, and its answers again after a clean stop. What happened since the last
/// save is lost with the process.
namespace refrain::store {

/// Writes every entry that has not expired, at once or not at all; the file before stays until
/// then. Errors: io, unavailable (disk full).
Result<> save_map(const Call& call, Store& store, const std::string& path);
/// Puts the entries of a file under their own ids; later ids are greater than any of them. The
/// store must be empty. How many. Errors: not_found (no such file), io, corrupt.
Result<std::size_t> load_map(const Call& call, MemoryStore& store, const std::string& path);

/// The bytes of such a file. last_id: the greatest id that was ever given.
std::string encode_map(const std::vector<Record>& records, EntryId last_id);
struct Map {
  std::vector<Record> records;
  EntryId last_id = 0;
};
/// Errors: corrupt (damaged, or hostile), unsupported (a later version).
Result<Map> decode_map(std::string_view bytes);

}  // namespace refrain::store
