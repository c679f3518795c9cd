-- Commits a change if its conditions hold. Returns 1, or 0 if a condition does not hold.
-- ARGV: id, then 'v' key ('+' value | '-') | 'p' table from to limit digest
--     | 's' key value | 'd' key | 'denial' value | 'account' user_id ...
-- All conditions come before all writes.
local FEED, TRIMMED, MAX_LENGTH = 'latchkey:feed', 'latchkey:feed:trimmed', 100000
local err = wrong_store()
if err then return err end

local i = 2
local function next_arg()
  i = i + 1
  return ARGV[i - 1]
end

local function digest(pairs)
  local parts = {}
  for n, part in ipairs(pairs) do
    parts[n] = #part .. ':' .. part
  end
  return redis.sha1hex(table.concat(parts))
end

local function announce(field, text)
  redis.call('XADD', FEED, '*', field, text)
end

local announced = false
while ARGV[i] do
  local tag = next_arg()
  if tag == 'v' then
    local key = next_arg()
    local expected = next_arg() == '+' and next_arg()
    if value(key) ~= expected then return 0 end
  elseif tag == 'p' then
    local pairs = page(next_arg(), next_arg(), next_arg(), next_arg())
    if digest(pairs) ~= next_arg() then return 0 end
  elseif tag == 's' then
    local key, text = next_arg(), next_arg()
    redis.call('ZADD', key_set(key), 0, key)
    if not is_index(key) then redis.call('SET', 'latchkey:record:' .. key, text) end
  elseif tag == 'd' then
    local key = next_arg()
    redis.call('ZREM', key_set(key), key)
    if not is_index(key) then redis.call('DEL', 'latchkey:record:' .. key) end
  else
    announce(tag, next_arg())
    announced = true
  end
end

-- TRIMMED stores the id of the oldest entry that remained after the last trim. A follower that has
-- read only older entries may have missed some.
if announced and redis.call('XLEN', FEED) > MAX_LENGTH then
  redis.call('XTRIM', FEED, 'MAXLEN', MAX_LENGTH / 2)
  redis.call('SET', TRIMMED, redis.call('XRANGE', FEED, '-', '+', 'COUNT', 1)[1][1])
end
return 1
