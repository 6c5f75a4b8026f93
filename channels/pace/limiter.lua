-- limiter.lua: reserve permits of one gateway. KEYS: its hash (tat, hold, mark; microseconds of Redis' clock).
-- ARGV: interval per delivery in µs, deliveries wanted, reach in µs, lane (0 stop, 1 flash, 2 routine), mark in µs.
-- Answers {granted, µs until the first falls due} or {0, µs to wait}.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local h = redis.call('HMGET', KEYS[1], 'tat', 'hold', 'mark')
local tat, hold, mark = tonumber(h[1] or 0), tonumber(h[2] or 0), tonumber(h[3] or 0)
local interval, want, reach, lane = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if lane < 2 then
  redis.call('HSET', KEYS[1], 'mark', string.format('%.0f', now + tonumber(ARGV[5])))
elseif mark > now then
  return {0, mark - now}
end
redis.call('PEXPIRE', KEYS[1], 3600000)
if hold > now then return {0, hold - now} end
if tat < now then tat = now end
local room = reach - (tat - now)
local least = math.min(want, math.floor(reach / interval / 2)) * interval
if room <= 0 or room < least then return {0, math.ceil(math.max(least, 1) - room)} end
local n = math.min(want, math.max(1, math.floor(room / interval)))
redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat + n * interval))
return {n, math.floor(tat - now)}
