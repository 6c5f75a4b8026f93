package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/journal"
)

// Record is what a timeline asks of the office's memory.
type Record struct {
	// Acts are the entries of the journal about a subject, in their order.
	Acts func(ctx context.Context, subject string) ([]journal.Entry, error)
	// DraftOf is the draft that an alert was released from; empty for none.
	DraftOf func(ctx context.Context, id alerting.AlertID) (string, error)
}

// Moment is something that happened to an alert.
type Moment struct {
	At time.Time `json:"at"`
	// Act is a verb of the journal, such as draft.signed; or channel.first and channel.last, the first and the latest hand-over of a
	// channel; alert.stopped, when another message took its place; alert.expired, when it ended by itself.
	Act string `json:"act"`
	// By is who did it, and Kind what he is: person, token, operator or engine; empty of what nobody did.
	By   string `json:"by,omitempty"`
	Kind string `json:"kind,omitempty"`
	// Version is that of the draft, Reason what was said with it.
	Version int64            `json:"version,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Channel alerting.Channel `json:"channel,omitempty"`
	// People and Sirens are those that a submitted draft would have reached; Deliveries what a channel has handed over.
	People     int64 `json:"people,omitempty"`
	Sirens     int64 `json:"sirens,omitempty"`
	Deliveries int64 `json:"deliveries,omitempty"`
	// About: the time is not exact; the latest hand-over is known to about a seventh of how long it took.
	About bool `json:"about,omitempty"`
	// Alert is the other message.
	Alert string `json:"alert,omitempty"`
}

// Timeline is all that happened to an alert, in its order: from the first version of its draft to its end. ErrNotFound when there is no
// such alert. What the receipts would say is left out while they cannot be read.
func (r *Reporter) Timeline(ctx context.Context, id alerting.AlertID) ([]Moment, error) {
	s, err := r.status(ctx, id, noReach)
	if err != nil {
		return nil, fmt.Errorf("timeline of alert %s: %w", id, err)
	}
	out, err := r.acts(ctx, "alert/"+id.String())
	if err != nil {
		return nil, fmt.Errorf("timeline of alert %s: %w", id, err)
	}
	draft, err := r.Record.DraftOf(ctx, id)
	if err == nil && draft != "" {
		var before []Moment
		before, err = r.acts(ctx, "draft/"+draft)
		out = append(before, out...)
	}
	if err != nil {
		return nil, fmt.Errorf("timeline of alert %s: %w", id, err)
	}
	out = append(out, channelMoments(&s)...)
	end, err := r.end(ctx, &s)
	if err != nil {
		return nil, fmt.Errorf("timeline of alert %s: %w", id, err)
	}
	out = append(out, end...)
	slices.SortStableFunc(out, func(a, b Moment) int { return a.At.Compare(b.At) })
	return out, nil
}

// acts are the entries of the journal about a subject. Who picked a wrong place, and other false starts, are left to the journal.
func (r *Reporter) acts(ctx context.Context, subject string) ([]Moment, error) {
	entries, err := r.Record.Acts(ctx, subject)
	if err != nil {
		return nil, err
	}
	var out []Moment
	for i := range entries {
		e := &entries[i]
		if e.Verb == "draft.place_missed" {
			continue
		}
		var d struct {
			Version  int64  `json:"version"`
			People   int64  `json:"people"`
			Sirens   int64  `json:"sirens"`
			Reason   string `json:"reason"`
			Because  string `json:"because"`
			Operator string `json:"operator"`
		}
		// A detail of another form says nothing here; the journal has it.
		_ = json.Unmarshal(e.Detail, &d)
		m := Moment{At: e.At, Act: e.Verb, By: e.Actor.Name, Kind: e.Actor.Kind, Version: d.Version, Reason: d.Reason + d.Because}
		if e.Verb == "draft.submitted" {
			m.People, m.Sirens = d.People, d.Sirens
		}
		if d.Operator != "" {
			m.By, m.Kind = d.Operator, "operator"
		}
		out = append(out, m)
	}
	return out, nil
}

// channelMoments are the first and the latest hand-over of each channel.
func channelMoments(s *Status) []Moment {
	var out []Moment
	for _, c := range s.Channels {
		if c.First == nil || s.Issued.IsZero() {
			continue
		}
		out = append(out, Moment{At: s.Issued.Add(span(*c.First)), Act: "channel.first", Channel: c.Channel, Deliveries: 1})
		if n := c.States.HandedOver(); c.Last != nil && n > 1 {
			out = append(out, Moment{At: s.Issued.Add(span(*c.Last)), Act: "channel.last", Channel: c.Channel, Deliveries: n, About: true})
		}
	}
	return out
}

func span(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// end is how an alert ended, if it has.
func (r *Reporter) end(ctx context.Context, s *Status) ([]Moment, error) {
	if s.StoppedBy == "" {
		if s.Expires.IsZero() || r.Now().Before(s.Expires) {
			return nil, nil
		}
		return []Moment{{At: s.Expires, Act: "alert.expired"}}, nil
	}
	m := Moment{Act: "alert.stopped", Alert: s.StoppedBy}
	acts, err := r.Record.Acts(ctx, "alert/"+s.StoppedBy)
	if err != nil {
		return nil, err
	}
	for _, e := range acts {
		if e.Verb == "alert.entered" || e.Verb == "alert.issued" {
			m.At, m.By, m.Kind = e.At, e.Actor.Name, e.Actor.Kind
		}
	}
	if by, err := alerting.ParseAlertID(s.StoppedBy); err == nil && m.At.IsZero() {
		p, err := r.Manifest.Progress(ctx, by)
		if err != nil && !errors.Is(err, alerting.ErrNotFound) {
			return nil, err
		}
		m.At = p.Issued
	}
	return []Moment{m}, nil
}
