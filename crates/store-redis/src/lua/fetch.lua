-- Reads values and pages of the keyspace.
-- ARGV: id, then 'v' key | 'p' kind from until limit ...
local refusal = another()
if refusal then return refusal end

local i, answers = 2, {}
local function take()
  i = i + 1
  return ARGV[i - 1]
end

while ARGV[i] do
  if take() == 'v' then
    answers[#answers + 1] = value(take())
  else
    answers[#answers + 1] = page(take(), take(), take(), take())
  end
end
return answers
