#pragma once

#include <span>
#include <string>

#include "disk/sqlite.h"
#include "store/store.h"

namespace refrain::store::schema {

/// What this program writes; docs/formats/store.md.
inline constexpr std::int64_t kVersion = 2;
/// PRAGMA application_id of our files: "RFRN".
inline constexpr std::int64_t kApplicationId = 0x5246524e;

/// Step i brings a file from version i to i + 1. Steps are never edited once released.
std::span<const char* const> migrations();

/// Sets the file's modes and brings its tables to kVersion, each step in a transaction of its own.
/// path: for sentences. Errors: unsupported (a later version), invalid (a database of somebody
/// else), corrupt, io, busy.
Result<> prepare(disk::sqlite::Connection& connection, const std::string& path,
                 Durability durability);

}  // namespace refrain::store::schema
