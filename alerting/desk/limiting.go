package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

const (
	// lowestRate is the least that may be set, in permits a second, as in a configuration: never 0, for that is what a pause is.
	lowestRate = .01
	// aloneDownTo is the part of the configured rate below which to lower it is to silence, and takes two people.
	aloneDownTo = .1
	// longestPause is how far away the end of a pause may be.
	longestPause = 24 * time.Hour
)

// RateOrder is the body of the change of a rate.
type RateOrder struct {
	Gateway string `json:"gateway"`
	// Rate is in permits a second over all processes; 0 with Default, which goes back to that of the configuration.
	Rate    float64 `json:"rate,omitempty"`
	Default bool    `json:"default,omitempty"`
}

// PauseOrder is the body of the change of a pause.
type PauseOrder struct {
	Gateway string `json:"gateway"`
	// Until is when the pause ends, and Reason why it is made; both are left out with Resume, which ends a pause.
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
	Resume bool      `json:"resume,omitempty"`
}

// find gives a gateway with what was ordered of it.
func (p *Pacing) find(ctx context.Context, db bun.IDB, name string) (Paced, Limit, error) {
	for _, g := range p.Gateways {
		if g.Name == name {
			limits, err := Limits(ctx, db)
			return g, limits[name], err
		}
	}
	return Paced{}, Limit{}, alerting.Refuse(alerting.ErrNotFound, "gateway.unknown", "the configuration has no gateway %.40q", name)
}

// baseOf is a digest of what a plan was worked out from.
func baseOf(parts ...any) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", parts)))
	return hex.EncodeToString(sum[:])
}

func perSecond(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) }

// PlanRate says what an order would change. To lower a rate takes one person, while a tenth of the configured rate is left; all else
// takes two.
func (p *Pacing) PlanRate(ctx context.Context, db bun.IDB, o RateOrder) (Plan, error) {
	g, l, err := p.find(ctx, db, o.Gateway)
	if err == nil {
		err = o.check(g)
	}
	if err != nil {
		return Plan{}, err
	}
	old, next := l.InForce(g), o.rate(g)
	plan := Plan{Base: baseOf(g.Rate, g.Ceiling, l.Rate, l.Version), Subject: "gateway/" + g.Name, Alone: next <= old && next >= aloneDownTo*g.Rate}
	if next != old || o.Default && l.Rate != 0 {
		plan.Summary = alerting.Several{alerting.Refuse(nil, "gateway.plan-rate", "gateway %s: %s → %s a second (configured: %s)", g.Name, perSecond(old), perSecond(next), perSecond(g.Rate))}
	}
	return plan, nil
}

// rate is what would be in force.
func (o *RateOrder) rate(g Paced) float64 {
	if o.Default {
		return g.Rate
	}
	return o.Rate
}

func (o *RateOrder) check(g Paced) error {
	switch most := g.most(); {
	case g.Rate <= 0:
		return alerting.Refuse(alerting.ErrInvalid, "gateway.no-rate", "gateway %s has no rate to change: set %s.rate in the configuration, or pause it", g.Name, g.Path)
	case o.Default && o.Rate != 0:
		return alerting.Refuse(alerting.ErrInvalid, "gateway.rate-or-default", "give a rate or default, not both")
	case o.Default:
		return nil
	case !(o.Rate >= lowestRate):
		return alerting.Refuse(alerting.ErrInvalid, "gateway.rate-low", "rate %s: want at least %v a second; to hand nothing over, pause the gateway", perSecond(o.Rate), lowestRate)
	case o.Rate > most:
		return alerting.Refuse(alerting.ErrInvalid, "gateway.rate-high", "rate %s: the configuration allows gateway %s at most %s a second (%s: rate %s × rate_ceiling %s)", perSecond(o.Rate), g.Name, perSecond(most), g.Path, perSecond(g.Rate), perSecond(max(g.Ceiling, 1)))
	}
	return nil
}

// SetRate carries an order out, in a running transaction.
func (p *Pacing) SetRate(ctx context.Context, tx bun.Tx, by alerting.Actor, o RateOrder) error {
	g, l, err := p.find(ctx, tx, o.Gateway)
	if err == nil {
		err = o.check(g)
	}
	if err != nil {
		return err
	}
	now := p.Now()
	// Processes compare versions: a clock that was set back must not make this one look older.
	l.Rate, l.Version, l.By, l.At = o.Rate, max(now.UnixMilli(), l.Version+1), by.Name, now
	return putLimit(ctx, tx, g.Name, l)
}

// PlanPause says what an order would change. A pause takes two people, and one may end it.
func (p *Pacing) PlanPause(ctx context.Context, db bun.IDB, o PauseOrder) (Plan, error) {
	g, l, err := p.find(ctx, db, o.Gateway)
	now := p.Now()
	if err == nil {
		err = o.check(now)
	}
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Base: baseOf(l.PausedUntil.UnixMilli(), l.Reason), Subject: "gateway/" + g.Name, Alone: o.Resume}
	switch {
	case o.Resume && l.pausedAt(now):
		plan.Summary = alerting.Several{alerting.Refuse(nil, "gateway.plan-resume", "gateway %s: it was paused until %s, and goes on", g.Name, l.PausedUntil.Format(time.RFC3339))}
	case o.Resume:
	case l.pausedAt(now) && l.PausedUntil.Equal(o.Until):
	default:
		plan.Summary = alerting.Several{alerting.Refuse(nil, "gateway.plan-pause", "gateway %s: paused until %s: %s", g.Name, o.Until.UTC().Format(time.RFC3339), o.Reason)}
		if g.Channel == alerting.Siren {
			plan.Summary = append(plan.Summary, alerting.Refuse(nil, "gateway.plan-silence", "  what silences its sirens waits, too"))
		}
	}
	return plan, nil
}

func (o *PauseOrder) check(now time.Time) error {
	o.Reason = strings.TrimSpace(o.Reason)
	switch {
	case o.Resume && (!o.Until.IsZero() || o.Reason != ""):
		return alerting.Refuse(alerting.ErrInvalid, "gateway.resume-extra", "to resume takes neither until nor reason")
	case o.Resume:
		return nil
	case o.Until.IsZero():
		return alerting.Refuse(alerting.ErrInvalid, "gateway.pause-open", "until is missing: a pause has an end, at most %v away", longestPause)
	case o.Reason == "" || len(o.Reason) > longestReason || strings.ContainsAny(o.Reason, "\x00\n\r"):
		return alerting.Refuse(alerting.ErrInvalid, "reason.line", "reason: say why, in a line of at most %d bytes", longestReason)
	case !o.Until.After(now):
		return alerting.Refuse(alerting.ErrState, "gateway.pause-past", "until %s is over", o.Until.UTC().Format(time.RFC3339))
	case o.Until.After(now.Add(longestPause)):
		return alerting.Refuse(alerting.ErrInvalid, "gateway.pause-long", "until %s: want an end at most %v away", o.Until.UTC().Format(time.RFC3339), longestPause)
	}
	return nil
}

// SetPause carries an order out, in a running transaction.
func (p *Pacing) SetPause(ctx context.Context, tx bun.Tx, by alerting.Actor, o PauseOrder) error {
	now := p.Now()
	g, l, err := p.find(ctx, tx, o.Gateway)
	if err == nil {
		err = o.check(now)
	}
	if err != nil {
		return err
	}
	l.PausedUntil, l.Reason, l.By, l.At = o.Until, o.Reason, by.Name, now
	return putLimit(ctx, tx, g.Name, l)
}
