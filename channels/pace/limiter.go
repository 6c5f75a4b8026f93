package pace

import (
	"context"
	_ "embed"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
)

//go:embed limiter.lua
var limiterLua string

// markFor is how long a stop or flash request keeps routine from getting permits, in all processes.
const markFor = 500 * time.Millisecond

// Limiter shares one gateway's rate among all processes.
type Limiter struct {
	rdb    redis.UniversalClient
	key    string
	script *redis.Script
	// share is this process' part of the limit while Redis is away, 0 < share ≤ 1.
	share func() float64
	now   func() time.Time

	mu   sync.Mutex
	tat  time.Time
	hold time.Time
	away time.Time
	// told is the rate that this process was told, and heard a later one that another process was told: see inForce.
	told, heard Rate
}

// NewLimiter limits a gateway to rate permits a second over all processes that share the Redis. Share says what part of
// it is this process' own while Redis is away.
func NewLimiter(rdb redis.UniversalClient, gateway string, rate float64, share func() float64, now func() time.Time) *Limiter {
	return &Limiter{rdb: rdb, key: "pace:{" + gateway + "}", told: Rate{PerSecond: rate}, share: share, now: now,
		script: redis.NewScript(limiterLua)}
}

// Permits are granted hand-overs: N of them, the first at Start, each Interval after the one before.
type Permits struct {
	N        int
	Start    time.Time
	Interval time.Duration
}

// Reserve asks for want deliveries of cost permits each. N = 0 means: ask again after wait.
func (l *Limiter) Reserve(ctx context.Context, lane alerting.Lane, want, cost int) (p Permits, wait time.Duration) {
	before := l.now()
	away, others := l.redisAway(before)
	if !away && !others {
		if p, wait, err := l.reserveShared(ctx, lane, want, cost, before); err == nil || ctx.Err() != nil {
			return p, wait
		}
		return l.reserveLocally(want, cost)
	}
	own, wait := l.reserveLocally(want, cost)
	if away || own.N == 0 {
		return own, wait
	}
	// Redis is back for us, and perhaps not for all: until it is, nobody takes more than his share.
	shared, wait, err := l.reserveShared(ctx, lane, own.N, cost, before)
	switch {
	case err != nil:
		return own, 0
	case shared.N == 0:
		return Permits{}, wait
	case own.Start.After(shared.Start):
		shared.Start = own.Start
	}
	shared.Interval = max(shared.Interval, own.Interval)
	return shared, 0
}

// reserveShared asks Redis. An error means that it gave no answer; that is noted.
func (l *Limiter) reserveShared(ctx context.Context, lane alerting.Lane, want, cost int, before time.Time) (Permits, time.Duration, error) {
	n, d, interval, err := l.ask(ctx, lane, want, cost)
	switch {
	case err != nil && ctx.Err() != nil:
		return Permits{}, 0, err
	case err != nil:
		l.noteAway()
		return Permits{}, 0, err
	case n == 0:
		return Permits{}, d, nil
	}
	return Permits{n, before.Add(d), interval}, 0, nil
}

// ask runs the script: it answers how many, when the first falls due or how long to wait, and the interval between deliveries.
func (l *Limiter) ask(ctx context.Context, lane alerting.Lane, want, cost int) (n int, d, interval time.Duration, err error) {
	r := l.inForce()
	v, err := l.script.Run(ctx, l.rdb, []string{l.key}, 1e6/r.PerSecond, want, Ahead.Microseconds(), lane.Rank(), markFor.Microseconds(),
		cost, r.Version).Int64Slice()
	if err != nil {
		return 0, 0, 0, fmt.Errorf("reserve permits: %w", err)
	}
	if len(v) != 4 || v[2] <= 0 {
		return 0, 0, 0, fmt.Errorf("reserve permits: answer %v: want four numbers", v)
	}
	if v[3] > r.Version {
		l.hear(Rate{PerSecond: 1e9 / float64(v[2]), Version: v[3]})
	}
	return int(v[0]), time.Duration(v[1]) * time.Microsecond, time.Duration(v[2]) * time.Duration(cost), nil
}

// awayFor is how long the local share is used after a failed call, so that a dead Redis does not slow each reservation
// by a time-out.
const awayFor = time.Second

// settleFor is how long after that other processes may still live by their shares: they may have failed a moment later
// than this one, and find out a moment later that Redis is back.
const settleFor = 2 * awayFor

// redisAway says whether Redis is taken to be away, and if not, whether it may still be for others.
func (l *Limiter) redisAway(now time.Time) (away, others bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.away), now.Before(l.away.Add(settleFor))
}

// noteAway turns to this process' own share. When it begins it waits for one interval of that: else all processes would begin with
// a permit at once, besides those that Redis has just granted.
func (l *Limiter) noteAway() {
	share := l.share()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if begins := !now.Before(l.away.Add(settleFor)); begins && share > 0 {
		if first := now.Add(l.every(1, share)); first.After(l.tat) {
			l.tat = first
		}
	}
	l.away = now.Add(awayFor)
}

// every is the interval between deliveries of cost permits at this process' share; the lock is held.
func (l *Limiter) every(cost int, share float64) time.Duration {
	return time.Duration(float64(cost) / l.rate().PerSecond * float64(time.Second) / min(share, 1))
}

func (l *Limiter) reserveLocally(want, cost int) (Permits, time.Duration) {
	share := l.share()
	if share <= 0 {
		return Permits{}, Ahead
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	interval := l.every(cost, share)
	now := l.now()
	if l.hold.After(now) {
		return Permits{}, l.hold.Sub(now)
	}
	n, start, next, wait := reserve(l.tat, now, interval, want)
	l.tat = next
	return Permits{n, start, interval}, wait
}

// Hold refuses permits in all processes for d: the gateway asked us to slow down. Without Redis it holds here.
func (l *Limiter) Hold(ctx context.Context, d time.Duration) {
	const script = `local t = redis.call('TIME') local till = t[1] * 1000000 + t[2] + tonumber(ARGV[1])
if till > tonumber(redis.call('HGET', KEYS[1], 'hold') or 0) then redis.call('HSET', KEYS[1], 'hold', string.format('%.0f', till)) end
redis.call('PEXPIRE', KEYS[1], 3600000) return 1`
	l.mu.Lock()
	if till := l.now().Add(d); till.After(l.hold) {
		l.hold = till
	}
	l.mu.Unlock()
	if err := l.rdb.Eval(ctx, script, []string{l.key}, d.Microseconds()).Err(); err != nil {
		l.noteAway()
	}
}
