package push

import (
	"sync"
	"time"

	"tocsin/channels"
)

// origin is what is known of one push service at the moment.
//
// A 429 or a row of failures closes it: sends are put off without a request until it opens again. Refusals of our key
// (401, 403) are judged in context: while the service takes other messages they speak of a single subscription, made
// with another key, and it must not hold up everybody; when it takes none, our key or clock may be wrong, and nothing
// may be given up.
type origin struct {
	mu       sync.Mutex
	until    time.Time // closed until then
	accepted time.Time // the last message that was taken
	refusals int       // of our key, since then
	troubles int       // failures to get any answer, since the last answer
	// token is the VAPID header in use; see Gateway.token.
	token     string
	tokenEnds time.Time
}

const (
	// manyRefusals in a row cannot be single subscriptions any more.
	manyRefusals = 16
	// manyTroubles in a row close a service for restPause, so that it does not hold all the senders.
	manyTroubles = 16
	restPause    = 2 * time.Second
	// minPause is how long a 429 without Retry-After closes a service.
	minPause = time.Second
	// lately is how recent an accepted message shows that a push service is well.
	lately = 10 * time.Second
	// maxOrigins bounds the memory; what comes beyond shares one origin.
	maxOrigins = 256
)

// closed is how long the origin stays closed; 0 when it is open.
func (o *origin) closed(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return max(0, o.until.Sub(now))
}

// took notes an accepted message.
func (o *origin) took(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.accepted, o.refusals, o.troubles = now, 0, 0
}

// pause closes the origin for at least the time it asked for.
func (o *origin) pause(now time.Time, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.troubles = 0
	if until := now.Add(max(wait, minPause)); until.After(o.until) {
		o.until = until
	}
}

// failed notes that no answer came; many in a row close the origin for a moment.
func (o *origin) failed(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.troubles++; o.troubles >= manyTroubles {
		o.troubles, o.until = 0, now.Add(restPause)
	}
}

// refusedKey says what a refusal of our key means: Rejected for this subscription, or Transient for all.
func (o *origin) refusedKey() channels.Class {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.token = "" // the next one is signed anew
	if o.refusals++; !o.accepted.IsZero() && o.refusals < manyRefusals {
		return channels.Rejected
	}
	return channels.Transient
}

// origins are all push services met so far.
type origins struct {
	mu    sync.RWMutex
	known map[string]*origin
	rest  origin
}

// of finds an origin, or begins to know it.
func (s *origins) of(name string) *origin {
	s.mu.RLock()
	o := s.known[name]
	s.mu.RUnlock()
	if o != nil {
		return o
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.known[name]; o != nil {
		return o
	}
	if len(s.known) >= maxOrigins {
		return &s.rest
	}
	o = new(origin)
	s.known[name] = o
	return o
}

// waiting is the class of a delivery to a closed origin: Busy when that is all there is, so that the work waits in
// place; Transient when another push service has taken messages lately, so that its recipients are not held up.
func (s *origins) waiting(closed *origin, now time.Time) channels.Class {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, o := range s.known {
		if o == closed {
			continue
		}
		o.mu.Lock()
		well := !o.accepted.IsZero() && now.Sub(o.accepted) < lately && !o.until.After(now)
		o.mu.Unlock()
		if well {
			return channels.Transient
		}
	}
	return channels.Busy
}
