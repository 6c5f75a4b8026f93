package report

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
)

// Listing is an alert in a list.
type Listing struct {
	Alert   alerting.AlertID `json:"alert"`
	World   alerting.World   `json:"world"`
	MsgType string           `json:"msg_type"`
	Lane    alerting.Lane    `json:"lane"`
	// State is the status that Status gives; unknown when the receipts cannot be read, and it depends on them.
	State   string    `json:"state"`
	People  int64     `json:"people"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	// StoppedBy is the alert that cancelled or superseded this one.
	StoppedBy string `json:"stopped_by,omitempty"`
	// Sender, Severity (the highest), Categories and Titles, one for each language, are what the document says; absent of an alert that
	// this desk did not issue.
	Sender     string       `json:"sender,omitempty"`
	Severity   string       `json:"severity,omitempty"`
	Categories []string     `json:"categories,omitempty"`
	Titles     []desk.Title `json:"titles,omitempty"`
	// Window is the id of the public test that it belongs to; empty for most.
	Window string `json:"window,omitempty"`
	// Place is where it stands in the list.
	Place alerting.Place `json:"-"`
}

// List gives the alerts that somebody looks for, newest first, behind a place. It answers without the receipts too: the list is what an
// officer looks for when a store is away.
func (r *Reporter) List(ctx context.Context, s desk.Search, after alerting.Place, limit int) ([]Listing, error) {
	found, err := r.find(ctx, s, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	out := make([]Listing, len(found))
	away := false
	for i, f := range found {
		by, err := r.Manifest.StoppedBy(ctx, f.p.Alert)
		if err != nil && !errors.Is(err, alerting.ErrNotFound) {
			return nil, fmt.Errorf("list alerts: %w", err)
		}
		out[i] = f.listing()
		if !by.IsZero() {
			out[i].StoppedBy = by.String()
		}
		if f.pending {
			out[i].State = "accepted"
			continue
		}
		if out[i].State = r.word(f.p, by, 0); out[i].State != "done" {
			continue
		}
		// Only here the receipts make the difference. Once they were away they are not asked again: each question costs
		// the time that a frozen server is waited for.
		open := int64(unknownOpen)
		if !away {
			open, err = r.open(ctx, f.p)
			away = err != nil && !errors.Is(err, ledger.ErrNotReady)
		}
		if out[i].State = r.word(f.p, by, open); away {
			out[i].State = "unknown"
		}
	}
	return out, nil
}

// found is an alert of a list. pending: fan-out has not seen it yet.
type found struct {
	p        fanout.Progress
	headline desk.Headline
	place    alerting.Place
	pending  bool
}

func (f *found) listing() Listing {
	h := f.headline
	return Listing{Alert: f.p.Alert, World: f.p.World, MsgType: f.p.MsgType, Lane: f.p.Lane, People: f.p.People, Issued: f.p.Issued, Expires: f.p.Expires,
		Sender: h.Sender, Severity: string(h.Severity), Categories: h.Categories, Titles: h.Titles, Window: h.Window, Place: f.place}
}

// find looks for alerts: in fan-out's books when all are wanted, and by their headlines when some are.
func (r *Reporter) find(ctx context.Context, s desk.Search, after alerting.Place, limit int) ([]found, error) {
	if !s.Any() && r.Search != nil {
		return r.search(ctx, s, after, limit)
	}
	latest, err := r.Manifest.Latest(ctx, s.World, after, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]alerting.AlertID, len(latest))
	for i := range latest {
		ids[i] = latest[i].Alert
	}
	var called map[alerting.AlertID]desk.Headline
	if r.Headlines != nil {
		if called, err = r.Headlines(ctx, ids); err != nil {
			return nil, err
		}
	}
	out := make([]found, len(latest))
	for i, p := range latest {
		out[i] = found{p: p, headline: called[p.Alert], place: alerting.Place{MS: p.Issued.UnixMilli(), ID: p.Alert.String()}}
	}
	return out, nil
}

func (r *Reporter) search(ctx context.Context, s desk.Search, after alerting.Place, limit int) ([]found, error) {
	lines, err := r.Search(ctx, s, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]found, len(lines))
	for i, h := range lines {
		out[i] = found{headline: h, place: alerting.Place{MS: h.Entered.UnixMilli(), ID: h.Alert.String()}}
		out[i].p, err = r.Manifest.Progress(ctx, h.Alert)
		if errors.Is(err, alerting.ErrNotFound) {
			// Accepted a moment ago, and fan-out has not seen it yet.
			out[i].pending, out[i].p, err = true, pendingOf(h), nil
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pendingOf is what is known of an alert before fan-out has seen it.
func pendingOf(h desk.Headline) fanout.Progress {
	return fanout.Progress{Alert: h.Alert, World: h.World, MsgType: h.MsgType, Lane: h.Lane, Issued: h.Entered, Expires: h.Expires}
}

// open counts the deliveries of an alert that are not settled; unknownOpen with an error.
func (r *Reporter) open(ctx context.Context, p fanout.Progress) (int64, error) {
	var open int64
	for _, ch := range alerting.Channels() {
		c, err := r.Receipts.Counts(ctx, p.Alert, ch)
		if err != nil {
			return unknownOpen, err
		}
		open += statesOf(c, 0).Open()
	}
	return open, nil
}
