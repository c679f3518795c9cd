-- Reads values and pages.
-- ARGV: id, then 'v' key | 'p' table from to limit ...
local err = wrong_store()
if err then return err end

local i, results = 2, {}
local function next_arg()
  i = i + 1
  return ARGV[i - 1]
end

while ARGV[i] do
  if next_arg() == 'v' then
    results[#results + 1] = value(next_arg())
  else
    results[#results + 1] = page(next_arg(), next_arg(), next_arg(), next_arg())
  end
end
return results
