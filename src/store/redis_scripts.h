#pragma once

#include "redis/connection.h"

/// What the server runs by itself, each at once and whole; docs/formats/redis.md has the keys.
/// KEYS[1] is the prefix; ids are 16 hex digits.
namespace refrain::store::redis_scripts {

/// ARGV: opening, group, now, then changes: E id | P id exact digest expires f q a stored used hits
/// cost bytes | V id q more-bytes | T id hits used. Returns {sequence, records, bytes, {gone ids}};
/// an error CONFLICT, before anything is changed, for a put whose id is there.
const redis::Script& apply();
/// ARGV: exact key. Returns {{id, f, q, a, used, hits}...}.
const redis::Script& find();
/// ARGV: "whole" or "question", ids. Returns one such row per id; absent: fields are nil.
const redis::Script& get();
/// ARGV: "whole" or "question", id to begin behind, how many. Returns rows in order of ids.
const redis::Script& next();
/// ARGV: id to begin behind, how many. Returns {{id, stored, used, hits, cost, bytes}...}.
const redis::Script& lean();

}  // namespace refrain::store::redis_scripts
