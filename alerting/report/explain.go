package report

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
)

// Explanation is what became of one person or siren in one alert.
type Explanation struct {
	Alert alerting.AlertID `json:"alert"`
	// Who is the office's reference, Kind person or siren.
	Who  string `json:"who"`
	Kind string `json:"kind"`
	// Targeted is false when the alert was not for him; the other fields are then empty.
	Targeted bool   `json:"targeted"`
	Spots    []Spot `json:"spots,omitempty"`
	// Why says why the alert was not for him, by the registers of now.
	Why string `json:"why,omitempty"`
	// Notes are those of the alert, where nothing about him says why.
	Notes []string `json:"notes,omitempty"`
}

// Spot is one place in the manifest.
type Spot struct {
	Page  uint32 `json:"page"`
	Place uint8  `json:"place"`
	// Inside is false for those who are told only because an earlier message had told them.
	Inside     bool       `json:"inside"`
	Deliveries []Delivery `json:"deliveries"`
}

// Delivery is one channel's receipt.
type Delivery struct {
	Channel alerting.Channel `json:"channel"`
	State   string           `json:"state"`
	// Attempts is the highest attempt known.
	Attempts    uint8         `json:"attempts"`
	Claimed     bool          `json:"claimed"`
	LostAnswers uint8         `json:"lost_answers,omitempty"`
	History     []ledger.Note `json:"history,omitempty"`
}

// Explain tells what became of a person (by reference) or, when no person has it, of a siren. ErrNotFound when neither
// is known; ErrNotReady while the receipts are being rebuilt.
func (r *Reporter) Explain(ctx context.Context, id alerting.AlertID, ref string) (Explanation, error) {
	out := Explanation{Alert: id, Who: ref, Kind: "person"}
	kind := fanout.People
	member, err := r.PersonID(ctx, ref)
	if errors.Is(err, alerting.ErrNotFound) {
		out.Kind, kind = "siren", fanout.Sirens
		member, err = r.SirenID(ctx, ref)
		if errors.Is(err, alerting.ErrNotFound) {
			err = alerting.Refuse(alerting.ErrNotFound, "explain.unknown", "no person or siren has the reference %q", ref)
		}
	}
	if err != nil {
		return out, fmt.Errorf("explain %s: %w", id, err)
	}
	progress, err := r.Manifest.Progress(ctx, id)
	if err != nil {
		return out, fmt.Errorf("explain %s: %w", id, err)
	}
	spots, err := r.Manifest.Find(ctx, id, kind, member)
	if err != nil {
		return out, fmt.Errorf("explain %s: %w", id, err)
	}
	for _, s := range spots {
		places, err := r.places(ctx, progress, s)
		if err != nil {
			return out, fmt.Errorf("explain %s: %w", id, err)
		}
		out.Targeted = true
		out.Spots = append(out.Spots, spotOf(s, places))
	}
	if !out.Targeted {
		if err := r.why(ctx, progress, member, &out); err != nil {
			return out, fmt.Errorf("explain %s: %w", id, err)
		}
	}
	return out, nil
}

// why fills in why an alert was not for somebody.
func (r *Reporter) why(ctx context.Context, p fanout.Progress, member int64, out *Explanation) error {
	if r.Accepted == nil || r.Person == nil || r.Siren == nil {
		out.Notes = p.Notes
		return nil
	}
	in, err := r.Accepted(ctx, p.Alert)
	if errors.Is(err, alerting.ErrNotFound) {
		out.Notes = p.Notes
		return nil
	}
	if err != nil {
		return err
	}
	ask := r.Person
	if out.Kind == "siren" {
		ask = r.Siren
	}
	s, err := ask(ctx, in, member)
	if err != nil {
		return err
	}
	if out.Why = s.Why; out.Why != "" {
		return nil
	}
	allowed := func(ch alerting.Channel) bool {
		return len(in.Envelope.Channels) == 0 || slices.Contains(in.Envelope.Channels, ch)
	}
	switch {
	case p.State != fanout.Done:
		out.Why = alerting.Say("why.working", "the audience is still being worked out")
	case !slices.ContainsFunc(s.Channels, allowed):
		out.Why = alerting.Say("why.channels", "the alert goes out by %v only; there is an address for %v", in.Envelope.Channels, s.Channels)
	default:
		// Fan-out noted what kept it from everybody, if anything did.
		out.Why = alerting.Say("why.nothing", "nothing speaks against it now: the alert's notes, or a change in the registers since, explain it")
		out.Notes = p.Notes
	}
	return nil
}

func (r *Reporter) places(ctx context.Context, p fanout.Progress, s fanout.Spot) ([]ledger.Place, error) {
	if !p.Sealed {
		return r.Receipts.Explain(ctx, p.Alert, s.Page, s.Place)
	}
	page, err := r.Manifest.Page(ctx, p.Alert, s.Page)
	if err != nil {
		return nil, err
	}
	sealed, err := ledger.ReadSealed(page.Sealed)
	if err != nil {
		return nil, err
	}
	return sealed.Explain(s.Place), nil
}

func spotOf(s fanout.Spot, places []ledger.Place) Spot {
	out := Spot{Page: s.Page, Place: s.Place, Inside: s.Inside, Deliveries: []Delivery{}}
	for _, p := range places {
		m := p.Held.Mark
		out.Deliveries = append(out.Deliveries, Delivery{Channel: p.Channel, State: m.State().String(),
			Attempts: max(m.Handed, m.Failure), Claimed: p.Held.Claimed, LostAnswers: m.Lost, History: p.Notes})
	}
	return out
}
