-- Makes a change if its conditions hold: 1, or 0 if one does not.
-- ARGV: id, then 'v' key ('+' value | '-') | 'p' kind from until limit digest
--     | 's' key value | 'd' key | 'denial' value | 'account' id ...
-- All conditions come before all writes.
local FEED, TRIMMED, LONGEST = 'latchkey:feed', 'latchkey:feed:trimmed', 100000
local refusal = another()
if refusal then return refusal end

local i = 2
local function take()
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
  local what = take()
  if what == 'v' then
    local key = take()
    local expected = take() == '+' and take()
    if value(key) ~= expected then return 0 end
  elseif what == 'p' then
    local pairs = page(take(), take(), take(), take())
    if digest(pairs) ~= take() then return 0 end
  elseif what == 's' then
    local key, text = take(), take()
    redis.call('ZADD', index(key), 0, key)
    if not is_index(key) then redis.call('SET', 'latchkey:record:' .. key, text) end
  elseif what == 'd' then
    local key = take()
    redis.call('ZREM', index(key), key)
    if not is_index(key) then redis.call('DEL', 'latchkey:record:' .. key) end
  else
    announce(what, take())
    announced = true
  end
end

-- Followers look at TRIMMED to see whether something was cut off before they read it.
if announced and redis.call('XLEN', FEED) > LONGEST then
  redis.call('XTRIM', FEED, 'MAXLEN', LONGEST / 2)
  redis.call('SET', TRIMMED, redis.call('XRANGE', FEED, '-', '+', 'COUNT', 1)[1][1])
end
return 1
