package report

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
)

// receipts are those of alerts of which one SMS each is in a state.
type receipts struct {
	state map[alerting.AlertID]alerting.State
	fails map[alerting.AlertID]error
	calls int
}

func (r *receipts) Counts(_ context.Context, id alerting.AlertID, ch alerting.Channel) (ledger.Counts, error) {
	r.calls++
	var c ledger.Counts
	if ch == alerting.SMS {
		c.States[r.state[id]]++
	}
	return c, r.fails[id]
}

func (r *receipts) Reach(_ context.Context, id alerting.AlertID, _ uint32, _ func(uint32) bool) (ledger.People, map[alerting.Channel]int64, error) {
	return ledger.People{Targeted: 1}, nil, r.fails[id]
}

func (r *receipts) Explain(context.Context, alerting.AlertID, uint32, uint8) ([]ledger.Place, error) {
	return nil, nil
}

// TestTheListSaysWhatTheStatusSays of alerts in every standing.
func TestTheListSaysWhatTheStatusSays(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := &receipts{state: map[alerting.AlertID]alerting.State{}, fails: map[alerting.AlertID]error{}}
	stopped := map[alerting.AlertID]alerting.AlertID{}
	all := map[alerting.AlertID]fanout.Progress{}
	var latest []fanout.Progress
	var want []string
	for i, row := range []struct {
		want    string
		state   fanout.State
		sms     alerting.State
		expires time.Duration
		stopped bool
		err     error
	}{
		{"expanding", fanout.Scanning, alerting.Queued, time.Hour, false, nil},
		{"delivering", fanout.Done, alerting.Queued, time.Hour, false, nil},
		{"done", fanout.Done, alerting.Sent, time.Hour, false, nil},
		{"cancelled", fanout.Done, alerting.Cancelled, time.Hour, true, nil},
		{"expired", fanout.Done, alerting.ExpiredState, -time.Hour, false, nil},
		{"delivering", fanout.Done, alerting.Sent, time.Hour, false, ledger.ErrNotReady},
	} {
		p := fanout.Progress{Alert: alerting.AlertID{byte(i + 1)}, State: row.state, Expires: now.Add(row.expires), People: 1,
			Targeted: map[alerting.Channel]int64{alerting.SMS: 1}}
		r.state[p.Alert], r.fails[p.Alert] = row.sms, row.err
		if row.stopped {
			stopped[p.Alert] = alerting.AlertID{99}
		}
		all[p.Alert], latest, want = p, append(latest, p), append(want, row.want)
	}
	reporter := &Reporter{Receipts: r, Now: func() time.Time { return now }, Manifest: Manifest{
		Latest: func(context.Context, alerting.World, alerting.Place, int) ([]fanout.Progress, error) {
			return latest, nil
		},
		Progress: func(_ context.Context, id alerting.AlertID) (fanout.Progress, error) {
			return all[id], nil
		},
		StoppedBy: func(_ context.Context, id alerting.AlertID) (alerting.AlertID, error) { return stopped[id], nil },
		SirenPages: func(context.Context, alerting.AlertID) (map[uint32]bool, error) {
			return nil, nil
		},
	}}
	list, err := reporter.List(t.Context(), desk.Search{}, alerting.Place{}, 50)
	if err != nil || len(list) != len(want) {
		t.Fatal(list, err)
	}
	for i, l := range list {
		s, err := reporter.Status(t.Context(), l.Alert)
		if err != nil || s.Status != want[i] || l.State != want[i] {
			t.Errorf("alert %d: the list says %q, its status %q (%v), want %q", i, l.State, s.Status, err, want[i])
		}
	}

	// A frozen ledger is asked once, and the list comes all the same.
	for id := range all {
		r.fails[id] = fmt.Errorf("%w: no answer", alerting.ErrUnavailable)
	}
	r.calls = 0
	list, err = reporter.List(t.Context(), desk.Search{}, alerting.Place{}, 50)
	if err != nil || list[1].State != "unknown" || list[2].State != "unknown" || list[3].State != "cancelled" || r.calls != 1 {
		t.Errorf("without the ledger: %+v, %v, after %d calls", list, err, r.calls)
	}
}
