-- One keyspace, as in every store of Latchkey. The keys of each kind (their first byte) are the
-- members of a sorted set, in the order of their bytes; values lie beside it. What is an index
-- has keys only. STORE_ID and INDEXES come from the tables of crates/store, see scripts.rs.
local function index(key) return 'latchkey:keys:' .. key:sub(1, 1) end

-- ARGV[1]: the id of the store that must answer, or nothing before it is known. A connection
-- outlives a FLUSHALL, so that to have looked when it was made is not enough.
local function another()
  local id = redis.call('GET', 'latchkey:record:' .. STORE_ID) or ''
  if ARGV[1] ~= '' and ARGV[1] ~= id then return redis.error_reply('ANOTHER ' .. id) end
end

local function is_index(key) return INDEXES[key:sub(1, 1)] end

local function value(key)
  if is_index(key) then
    return redis.call('ZSCORE', index(key), key) and ''
  end
  return redis.call('GET', 'latchkey:record:' .. key)
end

-- Keys and values in turns.
local function page(kind, from, til, limit)
  local pairs = {}
  local keys = redis.call('ZRANGE', index(kind), from, til, 'BYLEX', 'LIMIT', 0, limit)
  for _, key in ipairs(keys) do
    pairs[#pairs + 1] = key
    pairs[#pairs + 1] = value(key) or ''
  end
  return pairs
end
