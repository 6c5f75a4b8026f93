package login

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
)

// Lockout is how guessing is slowed: after so many wrong attempts in a row the next must wait First, then twice as long after each,
// up to Longest. An address may be wrong Wider times as often as a name: many people may sit behind one.
type Lockout struct {
	After          int
	First, Longest time.Duration
	Wider          int
}

func (l Lockout) orUsual() Lockout {
	return Lockout{cmp.Or(l.After, 5), cmp.Or(l.First, 30*time.Second), cmp.Or(l.Longest, 15*time.Minute), cmp.Or(l.Wider, 4)}
}

// forget is after how long without a wrong attempt all of them are forgotten.
const forget = time.Hour

// ErrWrong is the one answer to a name that there is not, a wrong password, a wrong or used code, a disabled account and an unknown
// passkey.
var ErrWrong = alerting.Refuse(nil, "login.wrong", "name, password or code is wrong, or the account is closed; a code counts once, so wait for the next one")

// Locked says that too many attempts were wrong, and when the next is looked at. It is the same for names that there are not.
type Locked struct{ Wait time.Duration }

// Error says how long.
func (l *Locked) Error() string { return l.Unwrap().Error() }

// Unwrap is the refusal that people read.
func (l *Locked) Unwrap() error {
	return alerting.Refuse(nil, "login.locked", "too many wrong attempts: nothing was looked at; try again in %v", l.Wait.Round(time.Second))
}

// claimLua counts an attempt before it is made, so that many at once are no more guesses than one after another. It gives how long
// to wait in ms when none may be made, else minus one, or minus two when this one shuts the door.
const claimLua = `
local v = redis.call('HMGET', KEYS[1], 'n', 'until')
local n, to, now = tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(ARGV[1])
if to > now then return to - now end
n = n + 1
local answer = -1
to = 0
if n >= tonumber(ARGV[2]) then
  local wait = tonumber(ARGV[3]) * 2 ^ math.min(n - tonumber(ARGV[2]), 20)
  to = now + math.min(wait, tonumber(ARGV[4]))
  answer = -2
end
redis.call('HSET', KEYS[1], 'n', n, 'until', string.format('%.0f', to))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return answer`

// forgiveLua takes one attempt back.
const forgiveLua = `
local n = tonumber(redis.call('HGET', KEYS[1], 'n') or '0')
if n <= 1 then return redis.call('DEL', KEYS[1]) end
return redis.call('HSET', KEYS[1], 'n', n - 1, 'until', 0)`

// guessKey is where attempts are counted; names are hashed, because people type their passwords there, too.
func (g *Gate) guessKey(what, value string) string {
	sum := sha256.Sum256([]byte(what + "\x00" + value))
	return g.Prefix + "login:guess:" + hex.EncodeToString(sum[:16])
}

// claim counts an attempt at a key. shut: it is the last for a while.
func (g *Gate) claim(ctx context.Context, key string, after int) (shut bool, err error) {
	l := g.Lockout
	n, err := redis.NewScript(claimLua).Run(ctx, g.Redis, []string{key}, g.Now().UnixMilli(), after, l.First.Milliseconds(),
		l.Longest.Milliseconds(), (forget + l.Longest).Milliseconds()).Int64()
	if err != nil {
		return false, unavailable("count an attempt to log in", err)
	}
	if n >= 0 {
		return false, &Locked{time.Duration(n) * time.Millisecond}
	}
	return n == -2, nil
}

// attempt counts an attempt from an address and, unless name is empty, at a name.
func (g *Gate) attempt(ctx context.Context, address, name string) (shut bool, err error) {
	shutAddress, err := g.claim(ctx, g.guessKey("address", address), g.Lockout.After*g.Lockout.Wider)
	if err != nil {
		return false, g.counted("locked", err)
	}
	if shutAddress {
		g.Log.WarnContext(ctx, "an address guesses: it is shut for a while", "address", address)
	}
	if name == "" {
		return false, nil
	}
	shut, err = g.claim(ctx, g.guessKey("name", keyOf(name)), g.Lockout.After)
	if err != nil {
		return false, g.counted("locked", err)
	}
	return shut, nil
}

// forgive forgets the wrong attempts at a name, and this one of its address.
func (g *Gate) forgive(ctx context.Context, address, name string) error {
	err := redis.NewScript(forgiveLua).Run(ctx, g.Redis, []string{g.guessKey("address", address)}).Err()
	if err == nil && name != "" {
		err = g.Redis.Del(ctx, g.guessKey("name", keyOf(name))).Err()
	}
	if err != nil {
		return unavailable("forget attempts to log in", err)
	}
	return nil
}

// counted counts what became of an attempt that failed, and gives its error on.
func (g *Gate) counted(outcome string, err error) error {
	if errors.Is(err, alerting.ErrUnavailable) {
		outcome = "unavailable"
	}
	g.Metrics.logins.WithLabelValues(outcome).Inc()
	return err
}
