-- page.lua: one page of receipts in the hand of a script. Prefixed to every script that moves places.
-- KEYS: meta, receipts hash of the channel, lifted. ARGV 1..3: run id, rebuild nonce or '', page number.
local meta, hash, lifted = KEYS[1], KEYS[2], KEYS[3]
local page = ARGV[3]
local head = redis.call('HMGET', meta, 'ready', 'nonce', 'rebuilt')
-- A rebuild may write as long as its nonce is the last one; everybody else needs a ledger that is ready on this server.
if ARGV[2] ~= '' then
  if head[2] ~= ARGV[2] then return {'lost'} end
elseif head[1] ~= ARGV[1] then
  return {'unknown'}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local f = redis.call('HMGET', hash, page, 'x' .. page, 'k' .. page, 'c' .. page, 'o' .. page)
-- ownership: some of the page was sent by ownership of the partition, without claims.
local ownership = f[5]

local NONE, QUEUED, CANCELLED, EXPIRED, OPTED, UNCERTAIN, SENT, FAILED, DELIVERED = 0, 1, 2, 3, 4, 5, 6, 7, 8
-- What a bare nibble stands for: best state, highest attempt handed over, highest attempt failed, lost answers.
-- Whatever differs from it is kept beside the nibbles, five bytes a place.
local plain = {
  [0] = {0, 0, 0, 0}, {1, 0, 0, 0}, {2, 0, 0, 0}, {3, 0, 0, 0}, {4, 0, 0, 0},
  {5, 1, 0, 1}, {6, 1, 0, 0}, {1, 0, 1, 0}, {8, 1, 0, 0}, {9, 1, 0, 0}
}

local nibbles = nil
if f[1] then
  nibbles = {string.byte(f[1], 1, 128)}
else
  nibbles = {}
  for i = 1, 128 do nibbles[i] = 0 end
end
local side, sideChanged = {}, false
if f[2] then
  for i = 1, #f[2], 5 do
    local p, b, h, x, l = string.byte(f[2], i, i + 4)
    side[p] = {b, h, x, l}
  end
end
-- A claim is 16 bytes: place, attempt, and its stamp: token (8), deadline in ms (6).
local claims, claimsChanged = {}, false
if f[3] then
  for i = 1, #f[3], 16 do
    local p, a = string.byte(f[3], i, i + 1)
    claims[p] = {a, string.sub(f[3], i + 2, i + 15)}
  end
end
local function holder(c) return string.sub(c[2], 1, 8) end
local function running(c)
  local a, b, d, e, g, h = string.byte(c[2], 9, 14)
  return ((((a * 256 + b) * 256 + d) * 256 + e) * 256 + g) * 256 + h > now
end
local function stampOf(token, deadline)
  local six = {}
  for k = 6, 1, -1 do six[k] = deadline % 256; deadline = math.floor(deadline / 256) end
  return token .. string.char(unpack(six))
end
local told, toldChanged = nil, false
if f[4] then told = {string.byte(f[4], 1, 32)} end
local raised = {}
local moved, changed = {}, false

local function state(p)
  local byte = nibbles[math.floor(p / 2) + 1]
  if p % 2 == 0 then return byte % 16 end
  return math.floor(byte / 16)
end

local function mark(p)
  local m = side[p] or plain[state(p)]
  return m[1], m[2], m[3], m[4]
end

local function isTold(p)
  return math.floor(told[math.floor(p / 8) + 1] / 2 ^ (p % 8)) % 2 == 1
end

local function tell(p)
  local i = math.floor(p / 8) + 1
  told[i] = told[i] + 2 ^ (p % 8)
  toldChanged = true
end

-- set writes a mark; the state it amounts to follows alerting.Mark.State.
local function set(p, b, h, x, l)
  local s = b
  if x > 0 and x >= h and b < DELIVERED then s = FAILED end
  local old = state(p)
  local d = plain[s]
  if d[1] == b and d[2] == h and d[3] == x and d[4] == l then
    if side[p] then side[p] = nil; sideChanged = true end
  else
    side[p] = {b, h, x, l}
    sideChanged = true
  end
  if s ~= old then
    local i = math.floor(p / 2) + 1
    if p % 2 == 0 then
      nibbles[i] = nibbles[i] - old + s
    else
      nibbles[i] = nibbles[i] + (s - old) * 16
    end
    moved[old] = (moved[old] or 0) - 1
    moved[s] = (moved[s] or 0) + 1
    changed = true
  end
  -- A closed place that nobody meant to correct turns out to have been handed over: he is told too.
  if told and h > 0 and not isTold(p) then
    tell(p)
    raised[#raised + 1] = string.char(p)
  end
end

local function merge(p, b, h, x, l)
  local B, H, X, L = mark(p)
  if b > B or h > H or x > X or l > L then
    set(p, math.max(B, b), math.max(H, h), math.max(X, x), math.max(L, l))
  end
end

local function drop(p)
  claims[p] = nil
  claimsChanged = true
end

-- lapse turns a place whose claim ran out to uncertain: nobody knows whether its holder sent.
local function lapse(p)
  merge(p, UNCERTAIN, claims[p][1], 0, 0)
  drop(p)
end

local function save()
  if changed then redis.call('HSET', hash, page, string.char(unpack(nibbles))) end
  if sideChanged then
    local out = {}
    for p, m in pairs(side) do out[#out + 1] = string.char(p, m[1], m[2], m[3], m[4]) end
    if #out > 0 then redis.call('HSET', hash, 'x' .. page, table.concat(out)) else redis.call('HDEL', hash, 'x' .. page) end
  end
  if claimsChanged then
    local out = {}
    for p, c in pairs(claims) do out[#out + 1] = string.char(p, c[1]) .. c[2] end
    if #out > 0 then redis.call('HSET', hash, 'k' .. page, table.concat(out)) else redis.call('HDEL', hash, 'k' .. page) end
  end
  if toldChanged then redis.call('HSET', hash, 'c' .. page, string.char(unpack(told))) end
  for s, n in pairs(moved) do
    if s ~= NONE and n ~= 0 then redis.call('HINCRBY', hash, 'n' .. s, n) end
  end
  if #raised > 0 then
    local field = hash .. '/' .. page
    redis.call('HSET', lifted, field, (redis.call('HGET', lifted, field) or '') .. table.concat(raised))
  end
end
