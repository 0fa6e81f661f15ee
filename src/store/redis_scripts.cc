#include "store/redis_scripts.h"

namespace refrain::store::redis_scripts {
namespace {

// A record: hash p:e:<id>; its id in p:ids, in p:x:<exact key>, and in p:expiry if it ends.
constexpr const char* kApply = R"lua(
local p, opening, group, now = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local width = {E = 1, P = 12, V = 3, T = 3}
local leaving = {}
local i = 4
while i <= #ARGV do
  local op, id = ARGV[i], ARGV[i + 1]
  if op == 'E' then leaving[id] = true end
  if op == 'P' and not leaving[id] and redis.call('EXISTS', p .. ':e:' .. id) == 1 then
    return redis.error_reply('CONFLICT entry ' .. id .. ' is there already')
  end
  i = i + 1 + width[op]
end

local bytes = tonumber(redis.call('HGET', p .. ':state', 'bytes') or 0)
local put, gone = {}, {}

local function erase(id)
  local key = p .. ':e:' .. id
  local had = redis.call('HMGET', key, 'x', 'b')
  local listed = redis.call('ZREM', p .. ':ids', id)
  redis.call('ZREM', p .. ':expiry', id)
  if had[1] then
    redis.call('DEL', key)
    redis.call('SREM', p .. ':x:' .. had[1], id)
    bytes = bytes - tonumber(had[2])
  end
  if had[1] or listed == 1 then gone[#gone + 1] = id end
end

local function insert(at)
  local id, exact, digest, expires = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local same = p .. ':x:' .. exact
  for _, other in ipairs(redis.call('SMEMBERS', same)) do
    local theirs = redis.call('HGET', p .. ':e:' .. other, 'k')
    if not theirs then redis.call('SREM', same, other) end
    if theirs == digest then erase(other) end
  end
  -- Listed first, to be found last: should a log be torn in between, what is left can be cleaned.
  redis.call('ZADD', p .. ':ids', 0, id)
  redis.call('HSET', p .. ':e:' .. id, 'x', exact, 'k', digest, 'f', ARGV[at + 4],
             'q', ARGV[at + 5], 'a', ARGV[at + 6], 't', ARGV[at + 7], 'u', ARGV[at + 8],
             'n', ARGV[at + 9], 'w', ARGV[at + 10], 'b', ARGV[at + 11])
  if expires ~= '' then redis.call('ZADD', p .. ':expiry', expires, id) end
  redis.call('SADD', same, id)
  bytes = bytes + tonumber(ARGV[at + 11])
  put[#put + 1] = id
end

local changed = false
i = 4
while i <= #ARGV do
  local op, id = ARGV[i], ARGV[i + 1]
  local key = p .. ':e:' .. id
  if op == 'E' then
    erase(id)
  elseif op == 'P' then
    insert(i + 1)
  elseif redis.call('EXISTS', key) == 1 then
    if op == 'V' then
      redis.call('HSET', key, 'q', ARGV[i + 2])
      redis.call('HINCRBY', key, 'b', ARGV[i + 3])
      bytes = bytes + tonumber(ARGV[i + 3])
      put[#put + 1] = id
    else
      redis.call('HINCRBY', key, 'n', ARGV[i + 2])
      if tonumber(redis.call('HGET', key, 'u')) < tonumber(ARGV[i + 3]) then
        redis.call('HSET', key, 'u', ARGV[i + 3])
      end
    end
  end
  if op ~= 'T' then changed = true end
  i = i + 1 + width[op]
end
local records = redis.call('ZCARD', p .. ':ids')
if not changed then return {0, records, bytes, {}} end

local sequence = redis.call('HINCRBY', p .. ':state', 'sequence', 1)
redis.call('HSET', p .. ':state', 'bytes', string.format('%.0f', bytes))
redis.call('XADD', p .. ':changes', 'MAXLEN', '~', 100000, sequence .. '-0', 'o', opening,
           'r', group, 't', now, 'p', table.concat(put, ','), 'g', table.concat(gone, ','))
return {sequence, records, bytes, gone}
)lua";

constexpr const char* kRow = R"lua(
local p = KEYS[1]
local function row(id, detail)
  local a = detail == 'whole' and 'a' or '-'
  local m = redis.call('HMGET', p .. ':e:' .. id, 'f', 'q', a, 'u', 'n')
  return {id, m[1], m[2], m[3], m[4], m[5]}
end
local out = {}
)lua";

constexpr const char* kFind = R"lua(
for _, id in ipairs(redis.call('SMEMBERS', p .. ':x:' .. ARGV[1])) do
  out[#out + 1] = row(id, 'whole')
end
return out
)lua";

constexpr const char* kGet = R"lua(
for i = 2, #ARGV do out[#out + 1] = row(ARGV[i], ARGV[1]) end
return out
)lua";

constexpr const char* kNext = R"lua(
local ids = redis.call('ZRANGEBYLEX', p .. ':ids', '(' .. ARGV[2], '+', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(ids) do out[#out + 1] = row(id, ARGV[1]) end
return out
)lua";

constexpr const char* kLean = R"lua(
local p = KEYS[1]
local ids = redis.call('ZRANGEBYLEX', p .. ':ids', '(' .. ARGV[1], '+', 'LIMIT', 0, ARGV[2])
local out = {}
for _, id in ipairs(ids) do
  local m = redis.call('HMGET', p .. ':e:' .. id, 't', 'u', 'n', 'w', 'b')
  out[#out + 1] = {id, m[1], m[2], m[3], m[4], m[5]}
end
return out
)lua";

}  // namespace

const redis::Script& apply() {
  static const redis::Script script(kApply);
  return script;
}

const redis::Script& find() {
  static const redis::Script script(std::string(kRow) + kFind);
  return script;
}

const redis::Script& get() {
  static const redis::Script script(std::string(kRow) + kGet);
  return script;
}

const redis::Script& next() {
  static const redis::Script script(std::string(kRow) + kNext);
  return script;
}

const redis::Script& lean() {
  static const redis::Script script(kLean);
  return script;
}

}  // namespace refrain::store::redis_scripts
