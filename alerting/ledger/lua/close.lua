-- close.lua: stop a page of one channel in one step. ARGV 4: the places it targets; 5: those that are known to have
-- been told of the stop already, by the manifest of the alert that stopped this one (a rebuild knows).
-- What was never claimed becomes cancelled; all else counts as told. Answers the places to correct now and later: now
-- only those that were handed over in their one attempt, on a page that was never sent by ownership. Whatever became of a
-- second attempt, the message of the first (a claim that lapsed, a lost answer) may still be under way; and so may one by
-- ownership, which no claim tells of.
if not told then
  told = {}
  for i = 1, 32 do told[i] = 0 end
  toldChanged = true
end
local at, later = {}, {}
local a = ARGV[5]
for i = 1, #a do
  local p = string.byte(a, i)
  if not isTold(p) then tell(p) end
end
a = ARGV[4]
for i = 1, #a do
  local p = string.byte(a, i)
  local c, s = claims[p], state(p)
  local _, H, X = mark(p)
  if not c and s <= QUEUED then
    merge(p, CANCELLED, 0, 0, 0)
  elseif c or s == UNCERTAIN or (H > 0 and (ownership or math.max(H, X) > 1)) then
    if not isTold(p) then tell(p) end
    later[#later + 1] = string.char(p)
  elseif H > 0 then
    if not isTold(p) then tell(p) end
    at[#at + 1] = string.char(p)
  end
end
save()
return {'ok', table.concat(at), table.concat(later), tonumber(head[3] or '0')}
