-- The functions that fetch.lua and commit.lua share. A record has the same key in every kind of
-- store. For each table (the first byte of the key) a sorted set holds the keys in byte order; each
-- value is stored under its own Redis key. Indexes have no values. scripts.rs generates STORE_ID and
-- INDEXES from the tables of crates/store.
local function key_set(key) return 'latchkey:keys:' .. key:sub(1, 1) end

-- ARGV[1] is the id of the expected store, or empty if it is not known yet. It is checked in every
-- call, because a connection outlives a FLUSHALL.
local function wrong_store()
  local id = redis.call('GET', 'latchkey:record:' .. STORE_ID) or ''
  if ARGV[1] ~= '' and ARGV[1] ~= id then return redis.error_reply('WRONGSTORE ' .. id) end
end

local function is_index(key) return INDEXES[key:sub(1, 1)] end

local function value(key)
  if is_index(key) then
    return redis.call('ZSCORE', key_set(key), key) and ''
  end
  return redis.call('GET', 'latchkey:record:' .. key)
end

-- Returns keys and values alternately.
local function page(tbl, from, to, limit)
  local pairs = {}
  local keys = redis.call('ZRANGE', key_set(tbl), from, to, 'BYLEX', 'LIMIT', 0, limit)
  for _, key in ipairs(keys) do
    pairs[#pairs + 1] = key
    pairs[#pairs + 1] = value(key) or ''
  end
  return pairs
end
