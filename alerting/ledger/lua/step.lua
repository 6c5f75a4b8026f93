-- step.lua: one call of a worker: settle the last chunk, apply wishes, claim the next chunk, report.
-- ARGV 4 token, 5 lease ms, 6 outcomes (place, attempt, kind), 7 marks (place, best, handed, failure, lost),
-- 8 wish kind (one byte) and its places, 9 places to claim, 10 places to report, 11 note, 12 buckets 'b n b n …', 13 first ms,
-- 14 '1' when some of the page was sent by ownership.
local token, lease = ARGV[4], tonumber(ARGV[5])
local word = {[6] = CANCELLED, [7] = EXPIRED, [8] = OPTED}

local function settle(p, attempt, kind)
  local c = claims[p]
  local own = c and c[1] == attempt and holder(c) == token
  if kind == 1 then
    merge(p, SENT, attempt, 0, 0)
  elseif kind == 2 then
    merge(p, DELIVERED, attempt, 0, 0)
  elseif kind == 3 then
    local _, H, _, L = mark(p)
    -- The journal may have told of this very attempt before we did: then it is counted already.
    if own and H < attempt then L = L + 1 else L = math.max(L, 1) end
    merge(p, UNCERTAIN, attempt, 0, L)
  elseif kind == 4 then
    merge(p, QUEUED, 0, attempt, 0)
  elseif word[kind] then
    -- Only its claimant may say so, and only of a place that was queued before: else it may have been handed over.
    if own and state(p) <= QUEUED then
      merge(p, word[kind], 0, 0, 0)
    elseif own and kind == 8 then
      merge(p, QUEUED, 0, attempt, 0)
    end
  end
  -- Kind 5, put off, changes nothing: the gateway said for certain that it took nothing.
  if own then drop(p) end
end

local busy = 0
local function wish(kind, p)
  local c = claims[p]
  if c and running(c) then busy = busy + 1 return end
  if c then lapse(p) end
  if state(p) <= QUEUED then merge(p, word[kind], 0, 0, 0) end
end

local granted, stamp = {}, nil
local function claim(p)
  local c = claims[p]
  if told then
    if not c and state(p) <= QUEUED then merge(p, CANCELLED, 0, 0, 0) end
    return
  end
  if c and holder(c) == token then
    -- The answer of our own last call was lost on the way.
    stamp = stamp or stampOf(token, now + lease)
    c[2] = stamp
    claimsChanged = true
    granted[#granted + 1] = string.char(p, c[1])
    return
  end
  if c and running(c) then busy = busy + 1 return end
  if c then lapse(p) end
  if state(p) == NONE then merge(p, QUEUED, 0, 0, 0) end
  local _, H, X, L = mark(p)
  local s = state(p)
  if s ~= QUEUED and not (s == UNCERTAIN and L < 2) then return end
  local attempt = math.min(math.max(H, X) + 1, 255)
  stamp = stamp or stampOf(token, now + lease)
  claims[p] = {attempt, stamp}
  claimsChanged = true
  granted[#granted + 1] = string.char(p, attempt)
end

local a = ARGV[6]
for i = 1, #a, 3 do settle(string.byte(a, i, i + 2)) end
a = ARGV[7]
for i = 1, #a, 5 do merge(string.byte(a, i, i + 4)) end
a = ARGV[8]
for i = 2, #a do wish(string.byte(a, 1), string.byte(a, i)) end
a = ARGV[9]
for i = 1, #a do claim(string.byte(a, i)) end
local report = {}
a = ARGV[10]
for i = 1, #a do
  local p = string.byte(a, i)
  local held = 0
  if claims[p] then held = 1 end
  report[i] = string.char(p, held, mark(p))
end
save()
if ARGV[14] == '1' and not ownership then redis.call('HSET', hash, 'o' .. page, 1) end
if ARGV[11] ~= '' then
  local notes = redis.call('HGET', hash, 'r' .. page) or ''
  if #notes < 65536 then redis.call('HSET', hash, 'r' .. page, notes .. ARGV[11]) end
end
if ARGV[12] ~= '' then
  for bucket, n in string.gmatch(ARGV[12], '(%d+) (%d+)') do redis.call('HINCRBY', hash, 'h' .. bucket, n) end
  local first = redis.call('HGET', hash, 'first')
  if not first or tonumber(ARGV[13]) < tonumber(first) then redis.call('HSET', hash, 'first', ARGV[13]) end
end
local closed = 0
if told then closed = 1 end
return {'ok', table.concat(granted), busy, table.concat(report), closed, tonumber(head[3] or '0')}
