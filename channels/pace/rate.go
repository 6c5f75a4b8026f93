package pace

import (
	"context"
	"time"

	"tocsin/alerting"
)

// Rate is how many permits a gateway bears. Of two the one with the greater version is the later; 0 is that of the configuration.
type Rate struct {
	PerSecond float64
	Version   int64
}

// inForce is the rate that this process keeps to.
func (l *Limiter) inForce() Rate {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rate()
}

// rate is what this process was told, unless it has heard of a later one that is slower; the lock is held. A later one that is
// faster must be told: Redis may slow a process down, and never speeds one up.
func (l *Limiter) rate() Rate {
	if l.heard.Version > l.told.Version && l.heard.PerSecond < l.told.PerSecond {
		return l.heard
	}
	return l.told
}

// hear notes what another process was told.
func (l *Limiter) hear(r Rate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Version > l.heard.Version {
		l.change(func() { l.heard = r })
	}
}

// Tell sets the rate of this process, and lets the others hear of it. Without Redis they are told by whoever told us.
func (l *Limiter) Tell(ctx context.Context, r Rate) {
	l.mu.Lock()
	news := r != l.told
	if news {
		l.change(func() { l.told = r })
	}
	l.mu.Unlock()
	if !news {
		return
	}
	if away, _ := l.redisAway(l.now()); away {
		return
	}
	// To ask for nothing is to say what we know.
	if _, _, _, err := l.ask(ctx, alerting.Routine, 0, 1); err != nil && ctx.Err() == nil {
		l.noteAway()
	}
}

// change changes the rate; the lock is held. What was granted ahead counts as a slower rate counts it, so that the first second of
// that rate has no more than any other.
func (l *Limiter) change(set func()) {
	before := l.rate().PerSecond
	set()
	after, now := l.rate().PerSecond, l.now()
	if ahead := l.tat.Sub(now); ahead > 0 && after < before {
		l.tat = now.Add(time.Duration(float64(ahead) * before / after))
	}
}
