package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// press is a stream in memory.
type press struct {
	mu      sync.Mutex
	printed []alerting.Envelope
	// fails are the answers to come, each once; written says whether the record stands all the same.
	fails   []error
	written bool
	// during is called while the press runs.
	during func()
}

func (p *press) Publish(_ context.Context, e alerting.Envelope) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.during != nil {
		p.during()
	}
	if len(p.fails) > 0 {
		err := p.fails[0]
		p.fails = p.fails[1:]
		if err != nil {
			if p.written {
				p.printed = append(p.printed, e)
			}
			return fmt.Errorf("press: %w", err)
		}
	}
	p.printed = append(p.printed, e)
	return nil
}

// office is a desk with all that is around it.
type office struct {
	t     *testing.T
	db    *store.DB
	press *press
	now   time.Time

	mu sync.Mutex
	// noted are the acts of transactions that may have been undone since; unnoted makes the journal refuse.
	noted   []string
	unnoted error
}

// note plays the journal.
func (o *office) note(_ context.Context, _ bun.IDB, by alerting.Actor, verb, subject string, detail any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := json.Marshal(detail); err != nil {
		o.t.Error(err)
	}
	o.noted = append(o.noted, fmt.Sprint(by.Name, " ", verb, " ", subject))
	return o.unnoted
}

func each(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		test(t, &office{t: t, db: db, press: &press{}, now: time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.UTC)})
	})
}

// desk opens a desk that knows nothing but the database.
func (o *office) desk(change ...func(*Config)) *Desk {
	o.t.Helper()
	c := Config{DB: o.db, Press: o.press, Note: o.note, Now: func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c)
	}
	d, err := New(c)
	if err != nil {
		o.t.Fatal(err)
	}
	return d
}

var officer = Order{Actor: alerting.Actor{Name: "officer", Kind: "token"}}

// alert is a document; change may alter it.
func (o *office) alert(id string, change ...func(*cap.Alert)) *cap.Alert {
	area := []cap.Area{{Description: "the lower town", Circles: []cap.Circle{{Center: cap.Point{Lat: 38.5, Lon: -120}, RadiusKM: 5}}}}
	sent := o.now.In(time.FixedZone("", -7*3600)).Truncate(time.Second)
	a := &cap.Alert{Version: "1.2", Identifier: id, Sender: "floods.example", Sent: sent, Status: cap.StatusActual,
		MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Codes: []string{"profile:example"}}
	for _, lang := range []string{"en-GB", "sv", "tlh"} {
		a.Infos = append(a.Infos, cap.Info{Language: lang, Categories: []cap.Category{"Met"}, Event: "Flood", Urgency: cap.Immediate,
			Severity: cap.Extreme, Certainty: cap.Observed, Expires: sent.Add(6 * time.Hour), SenderName: "Flood Office",
			Headline: "Leave the lower town now", Instruction: "Go uphill.", Areas: area})
	}
	for _, f := range change {
		f(a)
	}
	return a
}

func (o *office) write(a *cap.Alert) []byte {
	o.t.Helper()
	b, err := cap.Write(a)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func referring(msg cap.MsgType, to ...*cap.Alert) func(*cap.Alert) {
	return func(a *cap.Alert) {
		a.MsgType = msg
		for _, r := range to {
			a.References = append(a.References, referenceTo(r))
		}
	}
}

func (o *office) mustIssue(d *Desk, a *cap.Alert) Answer {
	o.t.Helper()
	answer, err := d.Issue(o.t.Context(), o.write(a), officer)
	if err != nil {
		o.t.Fatal(err)
	}
	return answer
}

func (o *office) state(id alerting.AlertID) string {
	o.t.Helper()
	row, err := find(o.t.Context(), o.db.Read(), id)
	if errors.Is(err, alerting.ErrNotFound) {
		return ""
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return row.State
}
