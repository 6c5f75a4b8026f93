package fanout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// each runs a test on SQLite and, where there is a server, on PostgreSQL.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newWorld(t, db)) })
}

// world is everything around one Fanout, kept when the process is killed and started again.
type world struct {
	t        testing.TB
	db       *store.DB
	audience *town
	sirens   *town
	ledger   *books
	outbox   *post
	gateways Gateways
	fault    *fault
	now      time.Time
	mu       sync.Mutex
	serial   int
	docs     map[[32]byte]*cap.Alert
}

func newWorld(t testing.TB, db *store.DB) *world {
	w := &world{t: t, db: db, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), fault: &fault{}, docs: map[[32]byte]*cap.Alert{}}
	w.audience, w.sirens = &town{w: w, people: map[int64]*citizen{}}, &town{w: w, people: map[int64]*citizen{}}
	w.ledger = &books{w: w, states: map[spot]alerting.State{}, claimed: map[spot]bool{}, closed: map[spot]bool{}}
	w.outbox = &post{w: w}
	w.gateways = Gateways{}
	for _, world := range alerting.Worlds() {
		w.gateways[world] = map[alerting.Channel][]string{alerting.SMS: {"sms-a", "sms-b"}, alerting.Push: {"push"},
			alerting.Mail: {"mail"}, alerting.Siren: {"horn", "bell"}}
	}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// process starts a Fanout that knows nothing but what is in SQL.
func (w *world) process() *Fanout {
	w.t.Helper()
	f, err := New(Config{
		DB: faultyDB{w.db, w.fault}, Audience: w.audience, Sirens: sirenTown{w.sirens}, Words: words, Outbox: w.outbox,
		Ledger: w.ledger, Begin: w.begin, Used: w.used, Open: w.open, Gateways: w.gateways, Now: w.clock,
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func (w *world) begin(ctx context.Context, _ alerting.AlertID, _ time.Duration, insert func(context.Context) (bool, error)) error {
	_, err := insert(ctx)
	return err
}

func (w *world) used(_ context.Context, id alerting.AlertID) (bool, error) {
	return w.ledger.used(id), nil
}

func (w *world) open(e alerting.Envelope) (*alerting.Issued, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.docs[e.Digest]
	if a == nil {
		return nil, fmt.Errorf("%w: no document", alerting.ErrInvalid)
	}
	return issuedOf(a, e), nil
}

func issuedOf(a *cap.Alert, e alerting.Envelope) *alerting.Issued {
	in := &alerting.Issued{ID: alerting.IDOf(a), Envelope: e, Alert: a, Lane: alerting.LaneOf(a)}
	in.Expires = a.Sent.Add(24 * time.Hour)
	if len(a.Infos) > 0 && !a.Infos[0].Expires.IsZero() {
		in.Expires = a.Infos[0].Expires
	}
	for _, r := range a.References {
		in.References = append(in.References, alerting.IDOfReference(r))
	}
	return in
}

// message makes an issued message; change may alter it before it is sealed.
func (w *world) message(msg cap.MsgType, zones []string, of []*alerting.Issued, change func(*cap.Alert, *alerting.Envelope)) *alerting.Issued {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serial++
	a := &cap.Alert{Version: "1.2", Identifier: "m" + strconv.Itoa(w.serial), Sender: "desk.example", Sent: w.now,
		Status: cap.StatusActual, MsgType: msg, Scope: cap.ScopePublic}
	info := cap.Info{Language: "en", Event: "Flood", Urgency: cap.Immediate, Severity: cap.Extreme, Certainty: cap.Observed}
	for _, z := range zones {
		info.Areas = append(info.Areas, cap.Area{Description: z})
	}
	if msg != cap.MsgCancel {
		second := info
		second.Language = "sv"
		a.Infos = []cap.Info{info, second}
	}
	for _, o := range of {
		a.References = append(a.References, cap.Reference{Sender: o.Alert.Sender, Identifier: o.Alert.Identifier, Sent: o.Alert.Sent})
	}
	e := alerting.Envelope{World: alerting.Actual, Document: []byte(a.Identifier), Issued: w.now}
	copy(e.Digest[:], fmt.Sprintf("%032d", w.serial))
	if change != nil {
		change(a, &e)
	}
	w.docs[e.Digest] = a
	return issuedOf(a, e)
}

func (w *world) alert(zones ...string) *alerting.Issued {
	return w.message(cap.MsgAlert, zones, nil, nil)
}

func (w *world) cancel(of ...*alerting.Issued) *alerting.Issued {
	return w.message(cap.MsgCancel, nil, of, nil)
}

func (w *world) update(zone string, of ...*alerting.Issued) *alerting.Issued {
	return w.message(cap.MsgUpdate, []string{zone}, of, nil)
}

func routine(a *cap.Alert, _ *alerting.Envelope) {
	for i := range a.Infos {
		a.Infos[i].Severity = cap.Minor
	}
}

func (w *world) accept(f *Fanout, in *alerting.Issued) {
	w.t.Helper()
	if err := f.Accept(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
}

// drain does all that is to be done, letting time pass while everything waits.
func (w *world) drain(f *Fanout) error {
	w.t.Helper()
	for range 10_000 {
		next, worked, err := w.round(f)
		if err != nil {
			return err
		}
		if worked {
			continue
		}
		if next.IsZero() {
			return nil
		}
		w.mu.Lock()
		w.now = next
		w.mu.Unlock()
	}
	return errors.New("the expansions never end")
}

// round works everything that is open once.
func (w *world) round(f *Fanout) (next time.Time, worked bool, err error) {
	ctx := w.t.Context()
	var rows []expansionRow
	if err := w.db.Read().NewSelect().Model(&rows).Where("state IN (?)", bun.List(openStates())).Scan(ctx); err != nil {
		return next, false, err
	}
	slices.SortFunc(rows, func(a, b expansionRow) int {
		return cmp.Compare(alerting.Lane(a.Lane).Rank(), alerting.Lane(b.Lane).Rank())
	})
	todo := map[alerting.AlertID]bool{}
	var order []alerting.AlertID
	for _, r := range rows {
		id, err := alerting.ParseAlertID(r.Alert)
		if err != nil {
			return next, false, err
		}
		todo[id] = true
		order = append(order, id)
	}
	due, at, err := f.dueStoppers(ctx)
	if err != nil {
		return next, false, err
	}
	for id := range due {
		worked = true
		if !todo[id] {
			order = append(order, id)
		}
	}
	next = at
	for _, id := range order {
		wait, err := f.work(ctx, id)
		if err != nil {
			return next, false, err
		}
		switch {
		case wait.IsZero():
			worked = true
		case next.IsZero() || wait.Before(next):
			next = wait
		}
	}
	return next, worked, nil
}

func (w *world) mustDrain(f *Fanout) {
	w.t.Helper()
	if err := w.drain(f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) progress(in *alerting.Issued) Progress {
	w.t.Helper()
	p, err := ProgressOf(w.t.Context(), w.db.Read(), in.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) pages(in *alerting.Issued) []Page {
	w.t.Helper()
	var out []Page
	for p, err := range Pages(w.t.Context(), w.db.Read(), in.ID) {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func words(in, original *alerting.Issued, info int, ch alerting.Channel) (alerting.Message, error) {
	var lang string
	switch {
	case original != nil && in.Alert.MsgType == cap.MsgUpdate:
		lang = original.Alert.Infos[info].Language
		return alerting.Message{Language: lang, Body: "gone: " + original.Alert.Identifier + " " + string(ch), Cost: 1}, nil
	case original != nil && in.Alert.MsgType != cap.MsgCancel:
		return alerting.Message{}, fmt.Errorf("%w: the end of a message is a cancel or an update", alerting.ErrInvalid)
	case original != nil:
		lang = original.Alert.Infos[info].Language
		return alerting.Message{Language: lang, Body: "over: " + original.Alert.Identifier + " " + string(ch), Cost: 1}, nil
	}
	if in.Alert.MsgType == cap.MsgUpdate {
		return alerting.Message{Language: in.Alert.Infos[info].Language, Body: "update: " + in.Alert.Identifier + " " + string(ch), Cost: 1}, nil
	}
	return alerting.Message{Language: in.Alert.Infos[info].Language, Body: in.Alert.Identifier + " " + string(ch), Cost: 1}, nil
}
