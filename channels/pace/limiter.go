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
	rate   float64
	script *redis.Script
	// share is this process' part of the limit while Redis is away, 0 < share ≤ 1.
	share func() float64
	now   func() time.Time

	mu   sync.Mutex
	tat  time.Time
	hold time.Time
	away time.Time
}

// NewLimiter limits a gateway to rate permits a second over all processes that share the Redis. Share says what part of
// it is this process' own while Redis is away.
func NewLimiter(rdb redis.UniversalClient, gateway string, rate float64, share func() float64, now func() time.Time) *Limiter {
	return &Limiter{rdb: rdb, key: "pace:{" + gateway + "}", rate: rate, share: share, now: now,
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
	interval := time.Duration(float64(cost) / l.rate * float64(time.Second))
	before := l.now()
	away, others := l.redisAway(before)
	if !away && !others {
		if p, wait, err := l.reserveShared(ctx, lane, want, interval, before); err == nil || ctx.Err() != nil {
			return p, wait
		}
		return l.reserveLocally(want, interval)
	}
	own, wait := l.reserveLocally(want, interval)
	if away || own.N == 0 {
		return own, wait
	}
	// Redis is back for us, and perhaps not for all: until it is, nobody takes more than his share.
	shared, wait, err := l.reserveShared(ctx, lane, own.N, interval, before)
	switch {
	case err != nil:
		return own, 0
	case shared.N == 0:
		return Permits{}, wait
	case own.Start.After(shared.Start):
		shared.Start = own.Start
	}
	shared.Interval = own.Interval
	return shared, 0
}

// reserveShared asks Redis. An error means that it gave no answer; that is noted.
func (l *Limiter) reserveShared(ctx context.Context, lane alerting.Lane, want int, interval time.Duration, before time.Time) (Permits, time.Duration, error) {
	n, d, err := l.ask(ctx, lane, want, interval)
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

func (l *Limiter) ask(ctx context.Context, lane alerting.Lane, want int, interval time.Duration) (int, time.Duration, error) {
	v, err := l.script.Run(ctx, l.rdb, []string{l.key}, float64(interval)/float64(time.Microsecond), want,
		Ahead.Microseconds(), lane.Rank(), markFor.Microseconds()).Int64Slice()
	if err != nil {
		return 0, 0, fmt.Errorf("reserve permits: %w", err)
	}
	if len(v) != 2 {
		return 0, 0, fmt.Errorf("reserve permits: answer of %d numbers", len(v))
	}
	return int(v[0]), time.Duration(v[1]) * time.Microsecond, nil
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

func (l *Limiter) noteAway() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = l.now().Add(awayFor)
}

func (l *Limiter) reserveLocally(want int, interval time.Duration) (Permits, time.Duration) {
	share := l.share()
	if share <= 0 {
		return Permits{}, Ahead
	}
	interval = time.Duration(float64(interval) / min(share, 1))
	l.mu.Lock()
	defer l.mu.Unlock()
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
