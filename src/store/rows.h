#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "disk/sqlite.h"
#include "store/eviction.h"
#include "store/store.h"

/// Records in the tables of one connection. Every function reports ids whose rows failed their
/// checksum in `corrupt` and treats them as absent.
namespace refrain::store::rows {

/// Errors: conflict (the id is there), too_large, io. The record must have an id.
Result<> insert(disk::sqlite::Connection& connection, const Record& record);
/// False if there was none.
Result<bool> erase(disk::sqlite::Connection& connection, EntryId id);
/// Replaces the vector of an entry; false if there is no such entry.
Result<bool> embed(disk::sqlite::Connection& connection, const Embedding& embedding,
                   std::vector<EntryId>& corrupt);
Result<> touch(disk::sqlite::Connection& connection, const Touch& touch);

/// Expired or not.
Result<std::optional<Record>> find(disk::sqlite::Connection& connection, const Key& exact,
                                   std::string_view canonical, std::vector<EntryId>& corrupt);
Result<std::optional<Record>> read(disk::sqlite::Connection& connection, EntryId id, Detail detail,
                                   std::vector<EntryId>& corrupt);

/// Hands over every readable record with an id > after, in order, until `each` returns false.
Result<> walk(disk::sqlite::Connection& connection, EntryId after, Detail detail,
              std::vector<EntryId>& corrupt, const std::function<Result<bool>(Record&&)>& each);

/// At most `limit` entries with an id > after, in order.
Result<std::vector<Lean>> lean(disk::sqlite::Connection& connection, EntryId after,
                               std::size_t limit);
/// Ids of at most `limit` entries that are expired at `now`.
Result<std::vector<EntryId>> expired(disk::sqlite::Connection& connection, WallTime now,
                                     std::size_t limit);

}  // namespace refrain::store::rows
