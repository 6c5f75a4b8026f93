package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"tocsin/alerting"
)

// services is the list of those who may be called.
type services struct {
	hosts    []string // exact
	suffixes []string // with the leading dot
	private  map[string]bool
	insecure map[string]bool // origins
}

// newServices reads the lists of the configuration.
func newServices(c Config) (services, error) {
	s := services{private: make(map[string]bool), insecure: make(map[string]bool)}
	bad := func(field, entry string) error {
		return fmt.Errorf("%w: %s: %q", alerting.ErrInvalid, field, entry)
	}
	if c.Live && len(c.AllowPrivate)+len(c.InsecureOrigins) > 0 {
		return s, fmt.Errorf("%w: allow private, insecure origins: not for a live gateway", alerting.ErrInvalid)
	}
	list := c.Services
	if len(list) == 0 {
		list = DefaultServices()
	}
	for _, host := range list {
		name, isSuffix := strings.CutPrefix(host, ".")
		if name == "" || strings.ContainsAny(host, "/:*@ ") || host != strings.ToLower(host) || (isSuffix && !strings.Contains(name, ".")) {
			return s, bad("services", host)
		}
		if isSuffix {
			s.suffixes = append(s.suffixes, host)
		} else {
			s.hosts = append(s.hosts, host)
		}
	}
	for _, host := range c.AllowPrivate {
		s.private[strings.ToLower(host)] = true
	}
	for _, origin := range c.InsecureOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || origin != u.Scheme+"://"+u.Host {
			return s, bad("insecure origins", origin)
		}
		s.insecure[origin] = true
		s.private[strings.ToLower(u.Hostname())] = true
	}
	return s, nil
}

// subscription is where a message goes, checked and in one spelling.
type subscription struct {
	webpush.Subscription
	origin string
	key    []byte // the browser's public key, a point of P-256
	secret []byte // its authentication secret
}

// maxSubscription is the most bytes a subscription may have; browsers' have about 400.
const maxSubscription = 4 << 10

// The reasons for which a subscription is refused; they show in receipts.
var (
	errNotSubscription = errors.New("not a subscription")
	errService         = errors.New("not a push service of the list")
	errKeys            = errors.New("the subscription's keys are not valid")
)

// subscription reads and checks the JSON that a browser gave. The check is repeated at every send, because the list may
// have changed since the subscription was made.
func (s *services) subscription(address string) (subscription, error) {
	var to subscription
	if len(address) > maxSubscription || json.Unmarshal([]byte(address), &to.Subscription) != nil {
		return subscription{}, errNotSubscription
	}
	endpoint, err := url.Parse(to.Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.Opaque != "" {
		return subscription{}, errNotSubscription
	}
	if to.origin, err = s.origin(endpoint); err != nil {
		return subscription{}, err
	}
	// One spelling: the VAPID audience must be the origin as the push service writes it, without the default port.
	endpoint.Scheme, endpoint.Host, _ = strings.Cut(to.origin, "://")
	endpoint.Fragment, endpoint.RawFragment = "", ""
	to.Endpoint = endpoint.String()
	if to.secret, err = decodeKey(to.Keys.Auth); err != nil || len(to.secret) != 16 {
		return subscription{}, errKeys
	}
	if to.key, err = decodeKey(to.Keys.P256dh); err != nil || len(to.key) != 65 || to.key[0] != 4 {
		return subscription{}, errKeys
	}
	return to, nil
}

// origin is scheme and host of an endpoint that may be called.
func (s *services) origin(u *url.URL) (string, error) {
	if u.User != nil {
		return "", errService
	}
	if origin := u.Scheme + "://" + u.Host; s.insecure[origin] {
		return origin, nil
	}
	host := strings.ToLower(u.Hostname())
	if u.Scheme != "https" || (u.Host != u.Hostname() && u.Port() != "443") || !s.allowed(host) {
		return "", errService
	}
	return "https://" + host, nil
}

// allowed compares a host with the list: exactly, or with a suffix that begins at a dot.
func (s *services) allowed(host string) bool {
	if slices.Contains(s.hosts, host) {
		return true
	}
	for _, suffix := range s.suffixes {
		label, ok := strings.CutSuffix(host, suffix)
		if ok && label != "" && !strings.HasPrefix(label, ".") && plainHost(label) {
			return true
		}
	}
	return false
}

// plainHost allows only what stands in the names of push services.
func plainHost(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// exact lists the origins that are known by name.
func (s *services) exact() []string {
	var origins []string
	for origin := range s.insecure {
		origins = append(origins, origin)
	}
	for _, host := range s.hosts {
		origins = append(origins, "https://"+host)
	}
	slices.Sort(origins)
	return origins
}

// errPrivate is the refusal of an address that is not on the public internet.
var errPrivate = errors.New("address is not public")

// dialer connects to public addresses only, except for hosts that may be private. The check sits between name
// resolution and connect, so a name that changes its address in between (DNS rebinding) gains nothing.
func (s *services) dialer(timeout time.Duration, resolver *net.Resolver) func(context.Context, string, string) (net.Conn, error) {
	anywhere := &net.Dialer{Timeout: timeout, KeepAlive: 15 * time.Second, Resolver: resolver}
	public := *anywhere
	public.Control = func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !isPublic(at.Addr()) {
			return errPrivate
		}
		return nil
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if s.private[strings.ToLower(host)] {
			return anywhere.DialContext(ctx, network, address)
		}
		return public.DialContext(ctx, network, address)
	}
}

// Public reports whether an address is on the public internet, for others who call addresses that came from outside.
func Public(a netip.Addr) bool { return isPublic(a) }

// isPublic reports whether an address belongs to the public internet, by the special-purpose registries of IANA
// (RFC 6890 and its successors). IPv6 addresses that wrap an IPv4 address count as that address.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	if a.Is6() && netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
		b := a.As16()
		return isPublic(netip.AddrFrom4([4]byte(b[12:])))
	}
	return !slices.ContainsFunc(special(), func(p string) bool { return netip.MustParsePrefix(p).Contains(a) })
}

// special lists what IsGlobalUnicast and IsPrivate let pass though it is not for the public.
func special() []string {
	return []string{
		"0.0.0.0/8",
		"100.64.0.0/10",   // carrier-grade NAT, RFC 6598
		"192.0.0.0/24",    // protocol assignments
		"192.0.2.0/24",    // documentation
		"192.88.99.0/24",  // 6to4 relays
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"240.0.0.0/4",     // reserved, and broadcast
		"64:ff9b:1::/48",  // local NAT64
		"100::/64",        // discard
		"2001::/23",       // protocol assignments, Teredo
		"2001:db8::/32",   // documentation
		"2002::/16",       // 6to4
		"3fff::/20",       // documentation
		"5f00::/16",       // segment routing
		"fec0::/10",       // site-local
	}
}
