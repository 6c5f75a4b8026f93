package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/cap"
)

// Outcome is what an alert came to, so far or, once it is final, for good.
type Outcome struct {
	Alert   alerting.AlertID `json:"alert"`
	World   alerting.World   `json:"world"`
	MsgType string           `json:"msg_type"`
	// Status is the word that Status has.
	Status  string    `json:"status"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	// Standing is the id of the standing authorisation under which it went out before two people had signed it.
	Standing string `json:"standing,omitempty"`
	// StoppedBy is the alert that cancelled or superseded this one.
	StoppedBy string `json:"stopped_by,omitempty"`
	// Final: everybody was found, and no delivery is queued any more. Reports of gateways may still come.
	Final bool `json:"final"`
	// Consistent: on every channel the states add up to those targeted, for people as well, and fan-out counted the same.
	Consistent bool  `json:"consistent"`
	People     Reach `json:"people"`
	// Groups part the people of an update, as in Status.
	Groups   *fanout.Groups `json:"groups,omitempty"`
	Sirens   Reach          `json:"sirens"`
	Channels []Reached      `json:"channels"`
	// Infos is reach by CAP info, of people; a Cancel has none.
	Infos []InfoReach `json:"infos,omitempty"`
	// Areas is reach by area; a Cancel has none.
	Areas []AreaReach `json:"areas,omitempty"`
	Notes []string    `json:"notes,omitempty"`
}

// Reach counts people, or sirens, over all their channels. Always Targeted = Reached + Open + Uncertain + Unreached. Whoever
// was told a second time, after a late send of a stopped alert came to light, counts twice, as in Status.
type Reach struct {
	Targeted int64 `json:"targeted"`
	// Reached: a gateway took it on one channel at least. Of these, Delivered: a gateway says that it arrived; of these,
	// Acknowledged: a human said so.
	Reached      int64 `json:"reached"`
	Delivered    int64 `json:"delivered"`
	Acknowledged int64 `json:"acknowledged"`
	// Open: not reached, and some channel may still do so. Uncertain: nothing is open, and an answer was lost.
	Open      int64 `json:"open"`
	Uncertain int64 `json:"uncertain"`
	// Unreached: no channel reached them, and none will.
	Unreached int64 `json:"unreached"`
}

// Reached is what one channel came to. Each person has one delivery a channel.
type Reached struct {
	Channel alerting.Channel `json:"channel"`
	// Targeted and States count deliveries; of the queued ones some may be under way (Claimed is 0).
	Targeted int64  `json:"targeted"`
	States   States `json:"states"`
	// Reached are the people, or sirens, that it reached; Alone those of them whom no other channel did.
	Reached int64 `json:"reached"`
	Alone   int64 `json:"alone"`
	// First, Median, P95 and P99 are seconds from issue to hand-over; absent of an alert that is sealed.
	First  *float64 `json:"first_s"`
	Median *float64 `json:"p50_s"`
	P95    *float64 `json:"p95_s"`
	P99    *float64 `json:"p99_s"`
}

// InfoReach is reach by info.
type InfoReach struct {
	// Info is counted from 1.
	Info     int    `json:"info"`
	Language string `json:"language,omitempty"`
	Event    string `json:"event,omitempty"`
	Severity string `json:"severity,omitempty"`
	People   Reach  `json:"people"`
}

// Unreached is somebody whom no channel reached, or a siren. It holds no address.
type Unreached struct {
	// Who is the office's reference; empty when it is not in the register any more.
	Who string `json:"who"`
	// Kind is person or siren.
	Kind string `json:"kind"`
	// Channels are those that were to reach him.
	Channels []Missed `json:"channels"`
}

// Missed is how one delivery ended.
type Missed struct {
	Channel alerting.Channel `json:"channel"`
	State   string           `json:"state"`
	Reason  string           `json:"reason,omitempty"`
}

// Outcome tells what an alert came to, and why deliveries did not arrive. ErrNotReady while the receipts are being rebuilt,
// ErrState when fan-out has not begun with it. Those who ask at the same time share an answer, and change nothing in it.
func (r *Reporter) Outcome(ctx context.Context, id alerting.AlertID) (Outcome, []Cause, error) {
	both, err := r.outcomes.ask(ctx, id, func(ctx context.Context) (reviewed, error) {
		out, causes, err := r.review(ctx, id, nil)
		return reviewed{out, causes}, err
	})
	return both.outcome, both.causes, err
}

// reviewed is what a way through the pages found.
type reviewed struct {
	outcome Outcome
	causes  []Cause
}

// Unreached calls take with everybody whom no channel reached, page by page, and then gives what Outcome does, counted on the
// same way through the pages: as many people are listed as Outcome.People.Unreached says, and as many sirens.
func (r *Reporter) Unreached(ctx context.Context, id alerting.AlertID, take func(Unreached) error) (Outcome, []Cause, error) {
	return r.review(ctx, id, take)
}

func (r *Reporter) review(ctx context.Context, id alerting.AlertID, take func(Unreached) error) (Outcome, []Cause, error) {
	p, err := r.begun(ctx, id)
	t := newTally()
	if err == nil {
		err = r.walk(ctx, p, t, take)
	}
	var out Outcome
	if err == nil {
		out, err = r.outcome(ctx, p, t)
	}
	if err != nil {
		return Outcome{}, nil, fmt.Errorf("report on alert %s: %w", id, err)
	}
	return out, t.causes.list(), nil
}

// begun is how far fan-out has come with an alert; ErrState when it has not begun.
func (r *Reporter) begun(ctx context.Context, id alerting.AlertID) (fanout.Progress, error) {
	p, err := r.Manifest.Progress(ctx, id)
	if errors.Is(err, alerting.ErrNotFound) && r.Accepted != nil {
		if _, pending := r.Accepted(ctx, id); pending == nil {
			err = alerting.Refuse(alerting.ErrState, "outcome.early", "it was accepted a moment ago, and nobody was told yet")
		}
	}
	return p, err
}

// walk goes through the pages once.
func (r *Reporter) walk(ctx context.Context, p fanout.Progress, t *tally, take func(Unreached) error) error {
	for s, err := range r.sheets(ctx, p, 0) {
		if err != nil {
			return err
		}
		lost := t.add(&s)
		if take == nil {
			continue
		}
		all, err := r.named(ctx, &s, lost)
		if err != nil {
			return err
		}
		for _, u := range all {
			if err := take(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// named are those at some places of a page, by their references.
func (r *Reporter) named(ctx context.Context, s *sheet, lost []uint8) ([]Unreached, error) {
	if len(lost) == 0 {
		return nil, nil
	}
	refs, kind := r.Refs, "person"
	if s.page.Kind == fanout.Sirens {
		refs, kind = r.SirenRefs, "siren"
	}
	ids := make([]int64, len(lost))
	for i, place := range lost {
		ids[i] = s.page.Persons[place]
	}
	names, err := refs(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Unreached, len(lost))
	for i, place := range lost {
		out[i] = Unreached{Who: names[ids[i]], Kind: kind, Channels: s.missed(place)}
	}
	return out, nil
}

// UnreachedAfter lists at most limit of those whom no channel reached, in the order of the manifest and behind a position, and gives
// the position of the last: 0 is the beginning. Nobody stands in it twice, and whoever is lost only later, at a place that was passed,
// is left out: once nothing is open it is whole. Errors as for Outcome.
func (r *Reporter) UnreachedAfter(ctx context.Context, id alerting.AlertID, after int64, limit int) (out []Unreached, last int64, err error) {
	p, err := r.begun(ctx, id)
	if err != nil {
		return nil, after, fmt.Errorf("report on alert %s: %w", id, err)
	}
	out, last = []Unreached{}, after
	for s, err := range r.sheets(ctx, p, uint32(max(after-1, 0)>>8)) { //nolint:gosec // a position is a page and a place
		if err != nil {
			return nil, after, fmt.Errorf("report on alert %s: %w", id, err)
		}
		var lost []uint8
		for _, place := range newTally().add(&s) {
			if at := position(s.page.Number, place); at > after && len(out)+len(lost) < limit {
				lost, last = append(lost, place), at
			}
		}
		all, err := r.named(ctx, &s, lost)
		if err != nil {
			return nil, after, fmt.Errorf("report on alert %s: %w", id, err)
		}
		if out = append(out, all...); len(out) == limit {
			break
		}
	}
	return out, last, nil
}

// position counts places from 1, 256 a page.
func position(page uint32, place uint8) int64 { return int64(page)<<8 + int64(place) + 1 }

// outcome sums a tally up.
func (r *Reporter) outcome(ctx context.Context, p fanout.Progress, t *tally) (Outcome, error) {
	out := Outcome{Alert: p.Alert, World: p.World, MsgType: p.MsgType, Issued: p.Issued, Expires: p.Expires, People: t.people, Sirens: t.sirens,
		Channels: []Reached{}, Groups: groupsOf(p), Notes: slices.Clone(p.Notes)}
	if p.Reason != "" && !slices.Contains(out.Notes, p.Reason) {
		out.Notes = append(out.Notes, p.Reason)
	}
	if r.Accepted != nil {
		if in, err := r.Accepted(ctx, p.Alert); err == nil {
			var flagged Status
			flagged.flag(in)
			out.Standing, out.Notes = flagged.Standing, append(out.Notes, flagged.Notes...)
		}
	}
	by, err := r.Manifest.StoppedBy(ctx, p.Alert)
	if err != nil {
		return out, err
	}
	if !by.IsZero() {
		out.StoppedBy = by.String()
	}
	out.Consistent = t.people.Targeted == p.People
	var open int64
	for c, ch := range alerting.Channels() {
		line := t.channels[c]
		line.Channel, line.States = ch, statesOf(ledger.Counts{States: t.states[c]}, 0)
		out.Consistent = out.Consistent && line.Targeted == p.Targeted[ch] && line.Targeted == line.States.Sum()
		open += line.States.Open()
		if line.Targeted == 0 && line.States.Sum() == 0 {
			continue
		}
		if err := r.latencies(ctx, p, &line); err != nil {
			return out, err
		}
		out.Channels = append(out.Channels, line)
	}
	out.Status = r.word(p, by, open)
	out.Final = open == 0 && (p.State == fanout.Done || p.State == fanout.Stopped)
	alert, err := r.document(ctx, p.Alert)
	if err != nil {
		return out, err
	}
	out.Infos, out.Areas = t.byInfo(p, alert), t.byArea(p, alert)
	return out, nil
}

// latencies adds how long hand-overs took; the ledger forgets that when it seals an alert.
func (r *Reporter) latencies(ctx context.Context, p fanout.Progress, line *Reached) error {
	if p.Sealed {
		return nil
	}
	c, err := r.Receipts.Counts(ctx, p.Alert, line.Channel)
	if err != nil {
		return err
	}
	if l := c.Latencies; l.Quantile(1) > 0 {
		line.First, line.Median = seconds(l.First), seconds(l.Quantile(.5))
		line.P95, line.P99 = seconds(l.Quantile(.95)), seconds(l.Quantile(.99))
	}
	return nil
}

// byInfo is reach by info. The places of a Cancel name infos of the alerts that it ends, so it has none.
func (t *tally) byInfo(p fanout.Progress, alert *cap.Alert) []InfoReach {
	if p.MsgType == string(cap.MsgCancel) {
		return nil
	}
	var out []InfoReach
	for i := range t.infos {
		if t.infos[i].Targeted == 0 {
			continue
		}
		line := InfoReach{Info: i + 1, People: t.infos[i]}
		if alert != nil && i < len(alert.Infos) {
			in := &alert.Infos[i]
			line.Language, line.Event, line.Severity = in.Language, in.Event, string(in.Severity)
		}
		out = append(out, line)
	}
	return out
}
