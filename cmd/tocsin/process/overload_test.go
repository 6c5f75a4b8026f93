package process

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
)

// crowd asks the API as fast as it answers.
type crowd struct {
	at, token string
	// alert is what it asks about, document what it has tried out.
	alert    alerting.AlertID
	document []byte
	people   []resident
	// What became of the questions; failed are those that were neither answered nor sent away politely.
	answered, shed, failed atomic.Int64
}

// ask asks until ctx ends, many times at once.
func (c *crowd) ask(ctx context.Context, many int) *sync.WaitGroup {
	caller := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: many}, Timeout: 30 * time.Second}
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			random := rand.New(rand.NewPCG(*seed, uint64(i)))
			for ctx.Err() == nil {
				c.question(ctx, caller, random)
			}
		})
	}
	return &all
}

// question is one of what officers and their screens ask: the list, a standing, a person, and now and then a dry run.
func (c *crowd) question(ctx context.Context, caller *http.Client, random *rand.Rand) {
	method, path, body := http.MethodGet, "/api/alerts", io.Reader(http.NoBody)
	switch n := random.IntN(10); {
	case n == 0:
		method, path, body = http.MethodPost, "/api/alerts/dry-run", bytes.NewReader(c.document)
	case n < 5:
		path += "/" + c.alert.String()
	case n < 8:
		path += "/" + c.alert.String() + "/explain/" + c.people[random.IntN(len(c.people))].ref
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.at+path, body)
	if err != nil {
		c.failed.Add(1)
		return
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/cap+xml")
	resp, err := caller.Do(req)
	if err != nil {
		if ctx.Err() == nil {
			c.failed.Add(1)
		}
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		c.answered.Add(1)
	case resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") != "":
		c.shed.Add(1)
	default:
		c.failed.Add(1)
	}
}

// overloaded lets a crowd ask, ten times and more what the API answers at once, while deliveries wait at a limited gateway: red alerts
// are accepted all the same, within a second, and reads are sent away instead.
func overloaded(t *testing.T, o *office) {
	const (
		limit  = 100
		orders = 60
		many   = 200
		// No process may have more resident, whatever happens to it; its collector works to keep 208 MiB.
		most = 300 << 20
	)
	o.refit(t, o.limitedTo(limit), "sms1", "sms2")
	defer o.refit(t, o.usual(), "sms1", "sms2")
	token, err := config.Secret(filepath.Join(o.dir, "api.token"))
	if err != nil {
		t.Fatal(err)
	}
	routine, _ := o.issueText(t, warningOf(o.identifier(t), "Minor", "Future"), onlySMS())
	o.waiting(t, []alerting.AlertID{routine})
	o.sim.await(t, routine.String(), 1)
	from := o.sim.place(t)
	c := &crowd{at: o.apiAt, token: token, alert: routine, document: warning(o.identifier(t)), people: o.people}
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	before := o.crew["api"].forgetPeak(t)
	began := time.Now()
	all := c.ask(ctx, many)
	red := make(map[string]alerting.AlertID)
	var took []time.Duration
	next := time.NewTicker(250 * time.Millisecond)
	defer next.Stop()
	for _, person := range o.refs(orders) {
		<-next.C
		asked := time.Now()
		id, accepted := o.issue(t, client.Order{Channels: []string{"sms"}, People: []string{person}})
		red[person], took = id, append(took, accepted.Sub(asked))
	}
	behind := insiders - o.sim.arrivals(t, routine.String())
	lasted := time.Since(began).Seconds()
	enough()
	all.Wait()
	slices.Sort(took)
	p99, size := took[len(took)*99/100], peak(o.crew["api"].pid())
	t.Logf("%d clients for %.1f s, %d deliveries waiting: %.0f questions a second answered, %.0f sent away (429), %d failed", many, lasted, behind,
		float64(c.answered.Load())/lasted, float64(c.shed.Load())/lasted, c.failed.Load())
	t.Logf("%d red alerts accepted meanwhile: median %.0f ms, p99 %.0f ms; the API had %d MB resident at the most, %d before", orders,
		millis(took[len(took)/2]), millis(p99), size>>20, before>>20)
	if p99 > time.Second || size > most || behind <= 0 {
		t.Errorf("accepted in %v (p99), %d MB, %d waiting; want at most 1 s, at most %d MB, and some waiting", p99, size>>20, behind, most>>20)
	}
	if c.shed.Load() == 0 || c.answered.Load() == 0 || c.failed.Load() > 0 {
		t.Error("reads must be answered or sent away, some of each, and none may fail")
	}
	o.judgeSingles(t, from, red)
	o.stopAll(t, []alerting.AlertID{routine})
}

// judgeSingles holds the raw log against alerts for one person each.
func (o *office) judgeSingles(t *testing.T, from int64, alerts map[string]alerting.AlertID) {
	t.Helper()
	lost, doubled := 0, 0
	for i := range o.people {
		p := &o.people[i]
		id, ok := alerts[p.ref]
		if !ok {
			continue
		}
		o.finish(t, id, time.Minute)
		times := uniq(o.sim.read(t, from, "sms", id.String()))
		if times[p.phone] == 0 {
			lost++
		}
		for _, n := range times {
			doubled += n - 1
		}
	}
	o.verdict.add(lost, doubled, 0)
	t.Logf("raw log: %d alerts for one person each, lost %d, doubled %d", len(alerts), lost, doubled)
	if lost+doubled > 0 {
		t.Errorf("lost %d, doubled %d", lost, doubled)
	}
}
