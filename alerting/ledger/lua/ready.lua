-- ready.lua: declare an alert's ledger ready, unless another opening or rebuild began or the server forgot ours.
-- ARGV: run id, nonce, rebuilt 0|1, life in ms.
if redis.call('HGET', KEYS[1], 'nonce') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'ready', ARGV[1], 'rebuilt', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
