package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"tocsin/alerting"
)

// Feed says how a partner's feed is read.
type Feed struct {
	// URL is the address of an Atom or RSS feed, http or https.
	URL string
	// Every is how often it is read, 10 s at the least.
	Every time.Duration
	// AllowHosts are hosts besides the feed's own to which its entries may lead, over the feed's scheme or https.
	AllowHosts []string
	// AllowPrivate lets connections go to addresses that are not public.
	AllowPrivate bool
}

// The bounds of what is fetched.
const (
	maxFeed      = 4 << 20
	maxRedirects = 3
	// MinEvery is the least pause between two rounds.
	MinEvery = 10 * time.Second
	// fetchTimeout bounds one call, from the dial to the last byte.
	fetchTimeout = 10 * time.Second
	dialTimeout  = 5 * time.Second
)

// errRefused marks addresses that are not asked at all.
var errRefused = fmt.Errorf("%w: refused", alerting.ErrForbidden)

// fetcher gets documents from the hosts of one feed.
type fetcher struct {
	origin  *url.URL
	allowed []string
	client  *http.Client
	timeout time.Duration
}

// newFetcher makes a client for one feed. public says whether an address is on the public internet; it is asked between name
// resolution and connect, so that a name which changes its address in between gains nothing. No proxy of the environment
// is used: it would resolve the names by itself.
func newFetcher(f Feed, public func(netip.Addr) bool, timeout time.Duration) (*fetcher, error) {
	origin, err := url.Parse(f.URL)
	if err != nil || origin.Host == "" || origin.User != nil || origin.Scheme != "http" && origin.Scheme != "https" {
		return nil, fmt.Errorf("%w: feed %q: want http://… or https://…, without a user", alerting.ErrInvalid, f.URL)
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !f.AllowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !public(at.Addr()) {
				return fmt.Errorf("%w: %s is not a public address", errRefused, address)
			}
			return nil
		}
	}
	out := &fetcher{origin: origin, timeout: timeout}
	for _, host := range f.AllowHosts {
		out.allowed = append(out.allowed, strings.ToLower(host))
	}
	out.client = &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: timeout,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true},
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			first := before[0].URL
			switch {
			case next.URL.Host != first.Host || next.URL.Scheme != first.Scheme:
				return fmt.Errorf("%w: it leads on to another host", errRefused)
			case len(before) > maxRedirects:
				return fmt.Errorf("%w: it leads on and on", errRefused)
			}
			return nil
		},
	}
	return out, nil
}

// may reports whether a link of the feed is followed: to the feed's own origin, or to an allowed host by its standard port.
func (f *fetcher) may(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == f.origin.Scheme && u.Host == f.origin.Host {
		return true
	}
	return slices.Contains(f.allowed, strings.ToLower(u.Hostname())) && u.Port() == "" && (u.Scheme == "https" || u.Scheme == f.origin.Scheme)
}

// mark is what a server gave to ask by whether something changed (RFC 9110 §13.1).
type mark struct{ etag, modified string }

// fetch gets at most so many bytes. unchanged: the server says that nothing changed since the mark.
func (f *fetcher) fetch(ctx context.Context, link string, most int, since mark) (body []byte, now mark, unchanged bool, err error) {
	if !f.may(link) {
		return nil, mark{}, false, fmt.Errorf("%w: %.200q is neither of the feed's own host nor of allow_hosts", errRefused, link)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, mark{}, false, fmt.Errorf("%w: %w", errRefused, err)
	}
	req.Header.Set("User-Agent", "tocsin")
	if since.etag != "" {
		req.Header.Set("If-None-Match", since.etag)
	}
	if since.modified != "" {
		req.Header.Set("If-Modified-Since", since.modified)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, mark{}, false, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusNotModified && since != mark{}:
		return nil, since, true, nil
	case resp.StatusCode != http.StatusOK:
		return nil, mark{}, false, fmt.Errorf("get %.200s: the answer is %d", link, resp.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	if err == nil && len(body) > most {
		err = errTooLong
	}
	if err != nil {
		return nil, mark{}, false, fmt.Errorf("get %.200s: %w", link, err)
	}
	return body, mark{resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}, false, nil
}

var errTooLong = errors.New("it is longer than what is taken")
