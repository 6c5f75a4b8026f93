package sim

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// armed is a rule in force, with its counters.
type armed struct {
	Rule
	id   uint64
	seed uint64
	set  time.Time

	seen   atomic.Uint64
	served atomic.Uint64
	met    *hashSet // recipients met, of a Once rule

	mu   sync.Mutex
	next time.Time // Limit: theoretical arrival time; Queue: when the last message lands
}

func (r *armed) expired(now time.Time) bool {
	return r.For > 0 && !now.Before(r.set.Add(time.Duration(r.For)))
}

// cap is the most that may be shown as served: losers of a race for the last of Times are not.
func (r *armed) cap() uint64 {
	if r.Times > 0 {
		return uint64(r.Times)
	}
	return math.MaxUint64
}

// chooses counts the request and reports whether the rule falls on it.
func (r *armed) chooses(a Ask, now time.Time) bool {
	if r.On != "*" && r.On != a.Channel && r.On != a.Gateway {
		return false
	}
	if r.expired(now) || r.Match != "" && !matches(r.Match, a.Recipient) {
		return false
	}
	n := r.seen.Add(1)
	if r.Every > 1 && n%uint64(r.Every) != 0 {
		return false
	}
	if r.Share > 0 && r.Share < 1 && float64(mix(r.seed+n)>>11)/(1<<53) >= r.Share {
		return false
	}
	if r.met != nil && !r.met.add(hashString(a.Recipient)) {
		return false
	}
	served := r.served.Add(1)
	return r.Times == 0 || served <= uint64(r.Times)
}

// delay is Delay plus a part of ± Jitter that follows from the seed.
func (r *armed) delay() time.Duration {
	d := time.Duration(r.Delay)
	if r.Jitter > 0 {
		part := float64(mix(r.seed^r.seen.Load())>>11) / (1 << 53)
		d += time.Duration((2*part - 1) * float64(r.Jitter))
	}
	return max(0, d)
}

// allow is the generic cell rate algorithm: units at Rate per second with Burst units at once.
func (r *armed) allow(now time.Time, units int) bool {
	step := time.Duration(float64(time.Second) / r.Rate)
	r.mu.Lock()
	defer r.mu.Unlock()
	tat := r.next
	if tat.Before(now) {
		tat = now
	}
	if tat.Sub(now) > step*time.Duration(max(1, r.Burst)-1) {
		return false
	}
	r.next = tat.Add(step * time.Duration(units))
	return true
}

// land is when a message lands that joins the queue now.
func (r *armed) land(now time.Time, units int) time.Time {
	step := time.Duration(float64(time.Second) / r.Rate)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next.Before(now) {
		r.next = now
	}
	r.next = r.next.Add(step * time.Duration(units))
	return r.next
}

// matches reports whether s ends with the pattern or, when the pattern has a "*", equals it with every "*" standing for
// any text.
func matches(pattern, s string) bool {
	if !strings.Contains(pattern, "*") {
		return strings.HasSuffix(s, pattern)
	}
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, last)
}

// Duration is a time.Duration that JSON writes as "1.5s"; a bare number is milliseconds.
type Duration time.Duration

// MarshalJSON writes the form of time.Duration.String.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads "1.5s" or a number of milliseconds.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var ms float64
	if json.Unmarshal(b, &ms) == nil {
		*d = Duration(ms * float64(time.Millisecond))
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("duration: want \"1.5s\" or milliseconds: %w", err)
	}
	parsed, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("duration: %w", err)
	}
	*d = Duration(parsed)
	return nil
}

// mix is the finaliser of splitmix64: a good hash of a counter.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hashString is FNV-1a of 64 bits, spread by mix.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}
