package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tocsin/alerting"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// partner plays a partner's server: a feed of entries, and the documents behind them.
type partner struct {
	*httptest.Server
	mu        sync.Mutex
	entries   []string // XML of Atom
	documents map[string][]byte
	asked     map[string]int
	// unchanged counts the answers 304.
	unchanged int
	hang      chan struct{}
}

func newPartner(t *testing.T) *partner {
	p := &partner{documents: make(map[string][]byte), asked: make(map[string]int), hang: make(chan struct{})}
	p.Server = httptest.NewServer(p)
	t.Cleanup(func() { close(p.hang); p.Close() })
	return p
}

// put adds an entry that leads to a document of this server.
func (p *partner) put(name string, document []byte) {
	p.mu.Lock()
	p.documents["/"+name] = document
	p.mu.Unlock()
	p.link(name, p.URL+"/"+name)
}

func (p *partner) link(name, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := noon.Add(time.Duration(len(p.entries)) * time.Second).Format(time.RFC3339)
	p.entries = append(p.entries, fmt.Sprintf(`<entry><id>urn:%s</id><title>%s</title><updated>%s</updated><link type="application/cap+xml" href="%s"/></entry>`,
		name, name, at, to))
}

func (p *partner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[r.URL.Path]++
	switch path := r.URL.Path; {
	case path == "/feed" || path == "/endless":
		tag := fmt.Sprintf(`"%d"`, len(p.entries))
		if r.Header.Get("If-None-Match") == tag {
			p.unchanged++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", tag)
		next := ""
		if path == "/endless" {
			next = fmt.Sprintf(`<link rel="next" href="/endless?%d"/>`, p.asked[path])
		}
		fmt.Fprintf(w, `<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:f</id><title>f</title><updated>2026-03-01T12:00:00Z</updated>%s%s</feed>`,
			next, strings.Join(p.entries, ""))
	case path == "/hang":
		p.mu.Unlock()
		select {
		case <-p.hang:
		case <-r.Context().Done():
		}
		p.mu.Lock()
	case path == "/away":
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	case path == "/hugefeed":
		_, _ = w.Write(bytes.Repeat([]byte(" "), maxFeed+1))
	case p.documents[path] != nil:
		_, _ = w.Write(p.documents[path])
	default:
		http.NotFound(w, r)
	}
}

func (p *partner) times(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// nowhere is public for no address.
func nowhere(netip.Addr) bool { return false }

func (h *house) poller(f Feed) *Poller {
	h.t.Helper()
	f.Every = MinEvery
	from := h.source
	from.Feed = &f
	p, err := h.NewPoller(from, PollerConfig{Public: nowhere, Jitter: func() float64 { return 0 }, Timeout: time.Second})
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// TestAFeedIsRead: each entry ends where it should, nothing is fetched twice, and what did not change is not sent again.
func TestAFeedIsRead(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.MaxQuarantined = 100
		server := newPartner(t)
		genuine := h.signed(h.plain("one"), h.partner)
		server.put("genuine", genuine)
		server.put("duplicate", genuine)
		server.put("unsigned", h.plain("two"))
		server.put("altered", bytes.Replace(h.signed(h.plain("three"), h.partner), []byte("the coast"), []byte("the toast"), 1))
		server.put("conflict", h.signed(h.plain("one", func(a *cap.Alert) { a.Infos[0].Headline = "Other" }), h.partner))
		p := h.poller(Feed{URL: server.URL + "/feed", AllowPrivate: true})
		if err := p.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
		if have := h.all(); have[Submitted] != 1 || have[Quarantined] != 3 || len(h.handed) != 1 {
			t.Errorf("%v, handed over %d", have, len(h.handed))
		}
		for outcome, want := range map[string]float64{outcomeSubmitted: 1, outcomeRepeated: 1, outcomeQuarantined: 2, outcomeConflict: 1} {
			if n := testutil.ToFloat64(h.Metrics.documents.WithLabelValues("weather", outcome)); n != want {
				t.Errorf("%s: %v, want %v", outcome, n, want)
			}
		}
		if at := testutil.ToFloat64(h.Metrics.success.WithLabelValues("weather")); at != float64(noon.Unix()) {
			t.Errorf("last success: %v", at)
		}
		for range 2 {
			if err := p.Round(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if server.unchanged != 2 || server.times("/genuine") != 1 {
			t.Errorf("304 was answered %d times, a document fetched %d times", server.unchanged, server.times("/genuine"))
		}
		// A process that starts anew remembers by the database alone.
		h.endLease(context.Background(), "weather", p.holder)
		if err := h.poller(Feed{URL: server.URL + "/feed", AllowPrivate: true}).Round(context.Background()); err != nil || server.times("/genuine") != 1 {
			t.Errorf("anew: %v, fetched %d times", err, server.times("/genuine"))
		}
	})
}

// TestWhatCannotBeHadKeepsNothingElseUp: a huge document, a hung connection, links and redirects elsewhere; the true alert
// comes through, and no connection leaves for where none may.
func TestWhatCannotBeHadKeepsNothingElseUp(t *testing.T) {
	h := open(t, storetest.Open(t))
	server := newPartner(t)
	var elsewhere atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer stranger.Close()
	server.put("huge", bytes.Repeat([]byte("<"), h.MaxBytes+1))
	server.link("hung", server.URL+"/hang")
	server.link("gone", server.URL+"/gone")
	server.link("redirect", server.URL+"/away?to="+stranger.URL+"/x")
	server.link("stranger", stranger.URL+"/x")
	server.link("metadata", "http://169.254.169.254/latest/meta-data/")
	server.put("genuine", h.signed(h.plain("one"), h.partner))
	p := h.poller(Feed{URL: server.URL + "/feed", AllowPrivate: true})
	for range 3 {
		_ = p.Round(context.Background())
	}
	if have := h.all(); len(have) != 1 || have[Submitted] != 1 {
		t.Errorf("%v", have)
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d connections to a stranger", n)
	}
	if n := testutil.ToFloat64(h.Metrics.documents.WithLabelValues("weather", outcomeUnfetched)); n != 6 {
		t.Errorf("%v entries could not be had, want 6, each counted once", n)
	}
	if p.since != (mark{}) {
		t.Error("the feed counts as read to its end, and is not")
	}
}

// TestNoConnectionToPrivateAddresses: neither to the feed nor, by an allowed name, to what it leads to.
func TestNoConnectionToPrivateAddresses(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int32
	server := &http.Server{Handler: http.NotFoundHandler(), ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			accepted.Add(1)
		}
	}}
	go func() { _ = server.Serve(ln) }()
	defer func() { _ = server.Close() }()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	h := open(t, storetest.Open(t))
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f000001"} {
		p := h.poller(Feed{URL: "http://" + host + ":" + port + "/feed"})
		if err := p.Round(context.Background()); err == nil {
			t.Errorf("%s was asked", host)
		}
		h.endLease(context.Background(), "weather", p.holder)
	}
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

func TestLinksThatAreFollowed(t *testing.T) {
	f, err := newFetcher(Feed{URL: "https://alerts.example/feed", AllowHosts: []string{"files.example"}}, nowhere, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]bool{
		"https://alerts.example/a":          true,
		"https://files.example/a":           true,
		"https://FILES.example/a":           true,
		"http://alerts.example/a":           false,
		"http://files.example/a":            false,
		"https://alerts.example:8443/a":     false,
		"https://files.example:22/a":        false,
		"https://x.files.example/a":         false,
		"https://user@alerts.example/a":     false,
		"https://alerts.example.evil.org/a": false,
		"file:///etc/passwd":                false,
	} {
		if f.may(link) != want {
			t.Errorf("%s: %v, want %v", link, !want, want)
		}
	}
	for _, address := range []string{"ftp://a.example/x", "https://me:pw@a.example/x", "https:///x", "::"} {
		if _, err := newFetcher(Feed{URL: address}, nowhere, time.Second); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestFailuresOfAFeed are counted, lengthen the pause, and take nothing away that was read before.
func TestFailuresOfAFeed(t *testing.T) {
	h := open(t, storetest.Open(t))
	server := newPartner(t)
	server.put("genuine", h.signed(h.plain("one"), h.partner))
	for i, path := range []string{"/none", "/hugefeed", "/hang", "/genuine", "/endless"} {
		p := h.poller(Feed{URL: server.URL + path, AllowPrivate: true})
		if err := p.Round(context.Background()); err == nil || p.pauses != 1 {
			t.Errorf("%s: %v, %d failures", path, err, p.pauses)
		}
		if n := testutil.ToFloat64(h.Metrics.failures.WithLabelValues("weather")); n != float64(i+1) {
			t.Errorf("%s: %v failures are counted", path, n)
		}
		h.endLease(context.Background(), "weather", p.holder)
	}
	if n := server.times("/endless"); n != maxPages {
		t.Errorf("%d pages were read, want %d", n, maxPages)
	}
	if have := h.all(); have[Submitted] != 1 {
		t.Errorf("what stood on the pages: %v", have)
	}
}

func TestPause(t *testing.T) {
	for _, row := range []struct {
		every    time.Duration
		failures int
		jitter   float64
		want     time.Duration
	}{
		{time.Minute, 0, 0, time.Minute},
		{time.Minute, 0, 1, 66 * time.Second},
		{time.Minute, 1, 0, 2 * time.Minute},
		{time.Minute, 4, 0, 10 * time.Minute},
		{10 * time.Second, 1000, 0, 10 * time.Minute},
		{time.Hour, 3, 0, time.Hour},
	} {
		if have := pause(row.every, row.failures, row.jitter); have != row.want {
			t.Errorf("every %v after %d failures: %v, want %v", row.every, row.failures, have, row.want)
		}
	}
}

// TestOneReaderAtATime: a second process waits until the lease is given back or has ended.
func TestOneReaderAtATime(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		for i, row := range []struct {
			holder string
			later  time.Duration
			want   bool
		}{{"a", 0, true}, {"a", 0, true}, {"b", 0, false}, {"b", time.Minute, true}, {"a", time.Minute, false}} {
			h.Now = func() time.Time { return noon.Add(row.later) }
			if mine, err := h.lease(ctx, "weather", row.holder, time.Minute); err != nil || mine != row.want {
				t.Errorf("step %d: %v %v, want %v", i, mine, err, row.want)
			}
		}
		h.endLease(ctx, "weather", "a")
		if mine, _ := h.lease(ctx, "weather", "a", time.Minute); mine {
			t.Error("a gave away what b held")
		}
		h.endLease(ctx, "weather", "b")
		if mine, err := h.lease(ctx, "weather", "a", time.Minute); !mine {
			t.Errorf("given back, and not to be had: %v", err)
		}
	})
}

// TestManyEntries: a hundred a round, the latest first, until all are in.
func TestManyEntries(t *testing.T) {
	h := open(t, storetest.Open(t))
	h.MaxQuarantined = 1000
	server := newPartner(t)
	for i := range maxNew + 30 {
		server.put(fmt.Sprint("e", i), fmt.Appendf(nil, "junk %d", i))
	}
	p := h.poller(Feed{URL: server.URL + "/feed", AllowPrivate: true})
	for _, want := range []int{maxNew, maxNew + 30, maxNew + 30} {
		if err := p.Round(context.Background()); err != nil || h.all()[Quarantined] != want {
			t.Errorf("%v, want %d: %v", h.all(), want, err)
		}
	}
	if server.times(fmt.Sprint("/e", maxNew+29)) != 1 || server.unchanged != 1 {
		t.Errorf("304 was answered %d times", server.unchanged)
	}
}
