package console

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often an address may call routes that anybody may call, and how many addresses are remembered. What goes beyond shares one limit.
const (
	strangerRate  = 2 // a second
	strangerBurst = 30
	mostStrangers = 10_000
	strangerLife  = 10 * time.Minute
)

// strangers limits callers of whom nobody knows who they are, by address.
type strangers struct {
	mu   sync.Mutex
	seen map[string]*stranger
	rest *rate.Limiter
}

type stranger struct {
	limit *rate.Limiter
	last  time.Time
}

func newStrangers() *strangers {
	return &strangers{seen: make(map[string]*stranger), rest: rate.NewLimiter(strangerRate, strangerBurst)}
}

func (s *strangers) admit(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	one := s.seen[address]
	if one == nil && len(s.seen) >= mostStrangers {
		for a, old := range s.seen {
			if now.Sub(old.last) > strangerLife {
				delete(s.seen, a)
			}
		}
		if len(s.seen) >= mostStrangers {
			return s.rest.AllowN(now, 1)
		}
	}
	if one == nil {
		one = &stranger{limit: rate.NewLimiter(strangerRate, strangerBurst)}
		s.seen[address] = one
	}
	one.last = now
	return one.limit.AllowN(now, 1)
}

// address is where a request comes from: behind proxies of ours, what the last of them that is not ours said. Of IPv6 it is the /64:
// whoever has one address there has all.
func (c *Console) address(r *http.Request) string {
	at := addressOf(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !c.trusts(at) {
			break
		}
		next := addressOf(strings.TrimSpace(hop))
		if !next.IsValid() {
			break
		}
		at = next
	}
	if at.Is6() {
		if p, err := at.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return at.String()
}

func (c *Console) trusts(at netip.Addr) bool {
	return slices.ContainsFunc(c.Proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

func addressOf(text string) netip.Addr {
	if both, err := netip.ParseAddrPort(text); err == nil {
		return both.Addr().Unmap()
	}
	at, _ := netip.ParseAddr(strings.Trim(text, "[]"))
	return at.Unmap()
}

// sameOrigin refuses what the page of another site makes a browser send (Sec-Fetch-Site, Origin): a cookie comes along with that.
func (c *Console) sameOrigin(r *http.Request) error {
	if err := c.crossOrigin.Check(r); err != nil {
		return errForeign
	}
	return nil
}
