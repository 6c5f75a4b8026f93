package report

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/alerting"
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
}

// List gives the latest alerts, newest first, behind a place. It answers without the receipts too: the list is what an officer looks for
// when a store is away.
func (r *Reporter) List(ctx context.Context, after alerting.Place, limit int) ([]Listing, error) {
	latest, err := r.Manifest.Latest(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list the latest alerts: %w", err)
	}
	out := make([]Listing, len(latest))
	away := false
	for i, p := range latest {
		by, err := r.Manifest.StoppedBy(ctx, p.Alert)
		if err != nil {
			return nil, fmt.Errorf("list the latest alerts: %w", err)
		}
		out[i] = Listing{Alert: p.Alert, World: p.World, MsgType: p.MsgType, Lane: p.Lane, People: p.People, Issued: p.Issued,
			Expires: p.Expires, State: r.word(p, by, 0)}
		if out[i].State != "done" {
			continue
		}
		// Only here the receipts make the difference. Once they were away they are not asked again: each question costs
		// the time that a frozen server is waited for.
		open := int64(unknownOpen)
		if !away {
			open, err = r.open(ctx, p)
			away = err != nil && !errors.Is(err, ledger.ErrNotReady)
		}
		if out[i].State = r.word(p, by, open); away {
			out[i].State = "unknown"
		}
	}
	return out, nil
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
