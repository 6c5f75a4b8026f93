-- limiter.lua: reserve permits of one gateway. KEYS: its hash (tat, hold, mark: microseconds of Redis' clock; interval: µs per permit,
-- and version: which of them is the later). ARGV: interval per permit in µs, deliveries wanted, reach in µs, lane (0 stop, 1 flash,
-- 2 routine), mark in µs, permits per delivery, version of the interval.
-- Answers {granted, µs until the first falls due, interval, version} or {0, µs to wait, interval, version}: the interval per permit in
-- ns that holds, and its version. Of two intervals the later holds; whoever does not know it yet gets the slower of both.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local h = redis.call('HMGET', KEYS[1], 'tat', 'hold', 'mark', 'interval', 'version')
local tat, hold, mark = tonumber(h[1] or 0), tonumber(h[2] or 0), tonumber(h[3] or 0)
local known, since = tonumber(h[4] or 0), tonumber(h[5] or -1)
local interval, want, reach, lane = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local version = tonumber(ARGV[7])
if version < since then
  if known > interval then interval, version = known, since end
elseif version > since or interval ~= known then
  redis.call('HSET', KEYS[1], 'interval', ARGV[1], 'version', ARGV[7])
  if version > since and known > 0 and interval > known and tat > now then
    -- What was granted ahead counts as the slower rate counts it.
    tat = now + (tat - now) * interval / known
    redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat))
  end
end
local ns = math.ceil(interval * 1000)
if lane < 2 then
  redis.call('HSET', KEYS[1], 'mark', string.format('%.0f', now + tonumber(ARGV[5])))
elseif mark > now then
  return {0, mark - now, ns, version}
end
redis.call('PEXPIRE', KEYS[1], 3600000)
if hold > now then return {0, hold - now, ns, version} end
if tat < now then tat = now end
local each = interval * tonumber(ARGV[6])
local room = reach - (tat - now)
local least = math.min(want, math.floor(reach / each / 2)) * each
if room <= 0 or room < least then return {0, math.ceil(math.max(least, 1) - room), ns, version} end
local n = math.min(want, math.max(1, math.floor(room / each)))
redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat + n * each))
return {n, math.floor(tat - now), ns, version}
