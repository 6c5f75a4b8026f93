package process

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

// figure is one row of the numbers. Rate and CPU are measured on the shipped path: real Kafka, Redis and PostgreSQL,
// receipts kept, callbacks on. Bare is the same work done in the same run by the bare library at the concurrency that
// suits it best, without queue, receipts or limits; rows about time give milliseconds in Value and Bare.
type figure struct {
	Name      string  `json:"name"`
	PerSecond float64 `json:"per_second"`
	CPU       float64 `json:"cpu_us"`
	Value     float64 `json:"value"`
	Bar       string  `json:"bar"`
	Reached   bool    `json:"reached"`
	Bare      float64 `json:"bare"`
	Ratio     float64 `json:"ratio"`
	// Note says what the other fields cannot.
	Note string `json:"note"`
	// from is where the raw log of the row begins.
	from int64
}

// bench is one row of "numbers": what it measures, and on which office.
type bench struct {
	name string
	run  func(*testing.T, *office) figure
}

// defaultSlots are those of a configuration that names none, wideSlots those for gateways far away.
const (
	defaultSlots = 64
	wideSlots    = 128
)

// TestNumbers is `make bench`. It asserts only that nothing is lost or doubled; figures are printed, never asserted.
func TestNumbers(t *testing.T) {
	var rows []figure
	take := func(t *testing.T, o *office, all ...bench) {
		for _, b := range all {
			if !chosen(b.name) {
				continue
			}
			t.Run(b.name, func(t *testing.T) {
				if o == nil {
					o = open(t, b.office())
				}
				f := b.run(t, o)
				f.Name = b.name
				rows = append(rows, f)
				f.print()
			})
		}
	}
	if anyChosen(shared()) {
		o := open(t, plan{town: richTown(*size), roles: posts(), slots: defaultSlots, simulator: []string{"-decrypt-every", "50"}})
		o.refit(t, fit{slots: defaultSlots, sms: o.sim.info.Listeners["sms"]}, "sms1", "sms2")
		take(t, o, shared()...)
	}
	for _, b := range alone() {
		take(t, nil, b)
	}
	conclude(t, "rows", rows)
}

// shared are the rows that one office serves.
func shared() []bench {
	return []bench{{"sms", benchSMS}, {"sms-100ms", benchSMSAfar}, {"mail", benchMail}, {"push", benchPush},
		{"push-50ms", benchPushAfar}, {"idle-latency", benchIdle}, {"flash-overtakes", benchFlash}}
}

// alone are the rows with an office each.
func alone() []bench {
	return []bench{{"target-1m", benchTarget}, {"embedded", benchSMS}}
}

func (b bench) office() plan {
	if b.name == "embedded" {
		return plan{town: richTown(*size), roles: []post{{"all", "all"}}, slots: defaultSlots, embedded: true}
	}
	return plan{town: town{people: *size * 11}, slots: defaultSlots, roles: []post{{"api", "api"}, {"fanout", "fanout"}, {"ledger", "ledger"}}}
}

func chosen(name string) bool {
	return *only == "" || slices.Contains(strings.Split(*only, ","), name)
}

func anyChosen(all []bench) bool {
	return slices.ContainsFunc(all, func(b bench) bool { return chosen(b.name) })
}

// print is the row for a reader.
func (f figure) print() {
	if *asJSON {
		return
	}
	reached := "reached"
	if !f.Reached {
		reached = "NOT REACHED"
	}
	_, _ = fmt.Fprintf(results, "%-16s %8.0f/s %7.1f µs CPU  bar %-28s %-11s  bare %8.1f  ratio %5.2f  %s\n",
		f.Name, f.PerSecond, f.CPU, f.Bar, reached, f.Bare, f.Ratio, f.Note)
}

// delivered issues one alert for everybody on a channel, waits for its end, judges it by the raw log, and gives rate and
// CPU per delivery. The rate counts from the API's "accepted" to the last message at the gateway.
func (o *office) delivered(t *testing.T, ch alerting.Channel) figure {
	t.Helper()
	before := o.used()
	r := run{from: o.sim.place(t)}
	r.id, r.began = o.issue(t, client.Order{Channels: []string{string(ch)}})
	o.profile(t, string(ch))
	s := o.finish(t, r.id, 5*time.Minute)
	spent := o.each(t, before, *size)
	c := o.count(t, r.from, string(ch), r.id.String())
	o.judge(t, c, ch, s, 0)
	n := len(c.arrivals)
	if n == 0 {
		t.Fatal("nothing arrived")
	}
	span := c.arrivals[n-1].at.Sub(r.began)
	t.Logf("%d deliveries %.2f s after the alert was accepted, the first %.0f ms after it", n, span.Seconds(), millis(c.arrivals[0].at.Sub(r.began)))
	return figure{PerSecond: float64(n) / span.Seconds(), CPU: spent, from: r.from}
}

// profile keeps twelve seconds of the processor profile of each process, when a folder for them is named.
func (o *office) profile(t *testing.T, row string) {
	if *profiles == "" {
		return
	}
	var all sync.WaitGroup
	t.Cleanup(all.Wait)
	for name, w := range o.crew {
		all.Go(func() {
			err := w.getWithin(30*time.Second, "/debug/pprof/profile?seconds=12", func(r io.Reader) error {
				text, err := io.ReadAll(r)
				if err == nil {
					err = os.MkdirAll(*profiles, 0o700)
				}
				if err == nil {
					err = os.WriteFile(filepath.Join(*profiles, row+"-"+name+".pprof"), text, 0o600)
				}
				return err
			})
			if err != nil {
				t.Logf("profile of %s: %v", name, err)
			}
		})
	}
}

// used is the processor time of each process of the engine so far, by its name.
func (o *office) used() map[string]time.Duration {
	all := make(map[string]time.Duration)
	for name, w := range o.crew {
		all[name] = cpu(w.pid())
	}
	return all
}

// each is the processor time of all processes for one of n deliveries since before, in microseconds. The log says whose it
// was, and the most memory that each process has had.
func (o *office) each(t *testing.T, before map[string]time.Duration, n int) float64 {
	t.Helper()
	var sum float64
	for _, name := range slices.Sorted(maps.Keys(o.crew)) {
		pid := o.crew[name].pid()
		own := float64((cpu(pid) - before[name]).Microseconds()) / float64(n)
		t.Logf("%-7s %6.1f µs CPU each, %4d MB memory at most", name, own, peak(pid)>>20)
		sum += own
	}
	return sum
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// against completes a row with the bar and the bare loop.
func (f figure) against(rate, cpu float64, bare pace) figure {
	f.Bar = fmt.Sprintf("≥ %.0f/s", rate)
	f.Reached = f.PerSecond >= rate
	if cpu > 0 {
		f.Bar += fmt.Sprintf(", ≤ %.0f µs", cpu)
		f.Reached = f.Reached && f.CPU <= cpu
	}
	f.Bare, f.Ratio = bare.rate, f.PerSecond/bare.rate
	f.Note = fmt.Sprintf("bare: %d at once, %.0f µs", bare.width, bare.cpu)
	return f
}

func benchSMS(t *testing.T, o *office) figure {
	return o.delivered(t, alerting.SMS).against(6000, 150, o.sweep(t, o.bareSMS(t)))
}

func benchMail(t *testing.T, o *office) figure {
	f := o.delivered(t, alerting.Mail)
	return f.against(8000, 90, o.sweep(t, o.bareMail(t, o.sim.mailSize(t, f.from))))
}

func benchPush(t *testing.T, o *office) figure {
	return o.delivered(t, alerting.Push).against(6000, 0, o.sweep(t, o.barePush(t)))
}

// benchSMSAfar is a gateway that answers after 100 ms.
func benchSMSAfar(t *testing.T, o *office) figure {
	at := o.sim.info.Listeners["sms"]
	o.refit(t, fit{slots: wideSlots, sms: at}, "sms1", "sms2")
	defer o.refit(t, fit{slots: defaultSlots, sms: at}, "sms1", "sms2")
	defer o.sim.fault(t, `{"on":"sms","kind":"latency","delay":"100ms"}`)()
	f := o.delivered(t, alerting.SMS).against(2000, 0, o.sweep(t, o.bareSMS(t)))
	return f.withSlots(2*wideSlots, 100*time.Millisecond)
}

// benchPushAfar is a push service that answers after 50 ms.
func benchPushAfar(t *testing.T, o *office) figure {
	at := o.sim.info.Listeners["sms"]
	o.refit(t, fit{slots: wideSlots, sms: at}, "push")
	defer o.refit(t, fit{slots: defaultSlots, sms: at}, "push")
	defer o.sim.fault(t, `{"on":"push","kind":"latency","delay":"50ms"}`)()
	f := o.delivered(t, alerting.Push).against(2000, 0, o.sweep(t, o.barePush(t)))
	return f.withSlots(wideSlots, 50*time.Millisecond)
}

// withSlots notes what so many slots could do at the most at a gateway that takes its time.
func (f figure) withSlots(slots int, answer time.Duration) figure {
	most := float64(slots) / answer.Seconds()
	f.Note += fmt.Sprintf("; ours: %d slots, %.2f of their %.0f/s", slots, f.PerSecond/most, most)
	return f
}

// benchIdle measures accepted → first request at the gateway, for one person each.
func benchIdle(t *testing.T, o *office) figure {
	times := max(*size/500, 20)
	before := o.used()
	waits := o.singles(t, times)
	spent := o.each(t, before, times)
	p99 := waits[min(len(waits)*99/100, len(waits)-1)]
	bare := o.bareSMS(t).run(t, 1, times)
	f := figure{Value: millis(p99), CPU: spent, Bar: "p99 ≤ 50 ms", Reached: p99 <= 50*time.Millisecond,
		Bare: 1000 / bare.rate}
	f.Ratio = f.Value / f.Bare
	f.Note = fmt.Sprintf("p99 %.1f ms, median %.1f ms, of %d; bare: one request, ms", f.Value, millis(waits[len(waits)/2]), times)
	return f
}
