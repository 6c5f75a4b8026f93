package process

import (
	"io"
	"net/url"
	"sync"
	"testing"
	"time"
)

// island is a process whose every wire to the servers and to its gateway can be cut at once.
type island struct {
	name  string
	fit   fit
	whole sync.RWMutex
	wires map[string]*distance
}

// strand moves an SMS worker to an island; o.refit brings it back.
func (o *office) strand(t *testing.T, name string, f fit) *island {
	t.Helper()
	i := &island{name: name, wires: make(map[string]*distance)}
	wire := func(what, to string) string {
		i.wires[what] = stretch(t, &distance{to: to, whole: &i.whole})
		return i.wires[what].Addr().String()
	}
	at := &servers{redis: wire("redis", o.redis)}
	for _, d := range brokerWires(t, &i.whole, o.brokers, nil) {
		i.wires["kafka "+d.to] = d
		at.brokers = append(at.brokers, d.Addr().String())
	}
	sql, err := url.Parse(o.sql)
	if err != nil {
		t.Fatal(err)
	}
	sql.Host = wire("postgres", sql.Host)
	at.sql = sql.String()
	i.fit = f
	i.fit.servers, i.fit.sms = at, wire("sms", f.sms)
	o.refit(t, i.fit, name)
	return i
}

// cut parts the island from everything until it is mended, or the test ends.
func (i *island) cut(t *testing.T) (mend func()) {
	t.Helper()
	i.whole.Lock()
	mend = sync.OnceFunc(i.whole.Unlock)
	t.Cleanup(mend)
	return mend
}

// passed is how many bytes each wire has carried.
func (i *island) passed() map[string]int64 {
	out := make(map[string]int64, len(i.wires))
	for what, d := range i.wires {
		out[what] = d.passed.Load()
	}
	return out
}

// isolate cuts an island off in the middle of a run, for a while, and gives when, and how many people were told when the
// wires were mended.
func (o *office) isolate(t *testing.T, i *island, r run, share float64, lasts time.Duration) (struck time.Time, told int) {
	t.Helper()
	w := o.crew[i.name]
	at := o.sim.await(t, r.id.String(), int(share*float64(r.people)))
	mend := i.cut(t)
	struck = time.Now()
	before := i.passed()
	t.Logf("%s (pid %d) cut from Kafka, Redis, PostgreSQL and its gateway at %d of %d messages", i.name, w.pid(), at, r.people)
	<-time.After(lasts)
	told = len(uniq(o.sim.read(t, r.from, "sms", r.id.String())))
	after := i.passed()
	for what, n := range before {
		if n == 0 || after[what] != n {
			t.Errorf("the wire to %s carried %d bytes before it was cut, and %d until it was mended: the fault did not happen", what, n, after[what])
		}
	}
	t.Logf("it says %v; mended %.1f s later, when %d people were told; bytes carried before and until then: %v", w.get("/readyz", func(io.Reader) error { return nil }),
		time.Since(struck).Seconds(), told, after)
	mend()
	w.ready(t)
	o.complete(t)
	return struck, told
}

// networkCut parts one of the two SMS workers from everything for half a minute: the other takes over and tells everybody.
func networkCut(t *testing.T, o *office) {
	o.sim.silence(t)
	usual := o.usual()
	i := o.strand(t, "sms2", usual)
	defer o.refit(t, usual, "sms2")
	r := o.begin(t)
	struck, told := o.isolate(t, i, r, .3, 30*time.Second)
	if told < r.people {
		t.Errorf("%d of %d were told before the wires were mended: the other worker did not take over", told, r.people)
	}
	o.conclude(t, r, struck, slots)
}
