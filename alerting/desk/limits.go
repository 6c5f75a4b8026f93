package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Paced is what the configuration says of a gateway's pace.
type Paced struct {
	Name    string
	Channel alerting.Channel
	Live    bool
	// Path is where it stands in the configuration, such as "$.gateways[0]".
	Path string
	// Rate is in permits a second; 0 means no limit. Ceiling is how many times that people may set, at least 1.
	Rate, Ceiling float64
}

// most is the greatest rate that people may set.
func (p *Paced) most() float64 { return p.Rate * max(p.Ceiling, 1) }

// Limit is what people have ordered of a gateway. The zero value is nothing.
type Limit struct {
	// Rate is in permits a second; 0 is that of the configuration. Version grows with every change of it.
	Rate    float64
	Version int64
	// PausedUntil is the end of a pause, for Reason; zero when there was none.
	PausedUntil time.Time
	Reason      string
	// By is whose act changed it last, and At when.
	By string
	At time.Time
}

// InForce is the rate that holds: what was ordered, and never more than the configuration allows now.
func (l Limit) InForce(p Paced) float64 {
	if l.Rate <= 0 || p.Rate <= 0 {
		return p.Rate
	}
	return min(l.Rate, p.most())
}

// pausedAt reports whether the gateway is paused at a time.
func (l Limit) pausedAt(now time.Time) bool { return now.Before(l.PausedUntil) }

// Gateway is how a gateway is paced.
type Gateway struct {
	Name    string           `json:"name"`
	Channel alerting.Channel `json:"channel"`
	Live    bool             `json:"live"`
	// Configured and InForce are in permits a second over all processes; 0 means that there is no limit.
	Configured float64 `json:"rate_configured"`
	InForce    float64 `json:"rate_in_force"`
	// PausedUntil is the end of a pause that lasts, for Reason.
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Reason      string    `json:"reason,omitempty"`
	// By is whose act changed the rate or the pause last, and At when.
	By string    `json:"changed_by,omitempty"`
	At time.Time `json:"changed,omitzero"`
}

// Pacing changes the rates of gateways, and pauses them: it is the body of two kinds of changes. Gateways are those of the configuration.
type Pacing struct {
	Gateways []Paced
	Now      func() time.Time
}

// List says how all gateways are paced, in the order of the configuration.
func (p *Pacing) List(ctx context.Context, db bun.IDB) ([]Gateway, error) {
	limits, err := Limits(ctx, db)
	if err != nil {
		return nil, err
	}
	now := p.Now()
	all := make([]Gateway, 0, len(p.Gateways))
	for _, g := range p.Gateways {
		l := limits[g.Name]
		out := Gateway{Name: g.Name, Channel: g.Channel, Live: g.Live, Configured: g.Rate, InForce: l.InForce(g), By: l.By, At: l.At}
		if l.pausedAt(now) {
			out.PausedUntil, out.Reason = l.PausedUntil, l.Reason
		}
		all = append(all, out)
	}
	return all, nil
}

type limitRow struct {
	bun.BaseModel `bun:"table:gateway_limits"`

	Gateway   string  `bun:"gateway,pk"`
	Rate      float64 `bun:"rate"`
	Version   int64   `bun:"version"`
	PausedMS  int64   `bun:"paused_until_ms"`
	Reason    string  `bun:"reason"`
	Actor     string  `bun:"actor"`
	ChangedMS int64   `bun:"changed_ms"`
}

func (r *limitRow) limit() Limit {
	return Limit{Rate: r.Rate, Version: r.Version, PausedUntil: moment(r.PausedMS), Reason: r.Reason, By: r.Actor, At: moment(r.ChangedMS)}
}

// Limits are what people have ordered, by gateway. One that was left alone is not among them.
func Limits(ctx context.Context, db bun.IDB) (map[string]Limit, error) {
	var rows []limitRow
	if err := db.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the limits of gateways: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make(map[string]Limit, len(rows))
	for i := range rows {
		out[rows[i].Gateway] = rows[i].limit()
	}
	return out, nil
}

// putLimit writes what is ordered of a gateway.
func putLimit(ctx context.Context, tx bun.Tx, gateway string, l Limit) error {
	row := limitRow{Gateway: gateway, Rate: l.Rate, Version: l.Version, Reason: l.Reason, Actor: l.By, ChangedMS: l.At.UnixMilli()}
	if !l.PausedUntil.IsZero() {
		row.PausedMS = l.PausedUntil.UnixMilli()
	}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (gateway) DO UPDATE").Set("rate = EXCLUDED.rate").Set("version = EXCLUDED.version").
		Set("paused_until_ms = EXCLUDED.paused_until_ms").Set("reason = EXCLUDED.reason").Set("actor = EXCLUDED.actor").
		Set("changed_ms = EXCLUDED.changed_ms").Exec(ctx)
	if err != nil {
		return fmt.Errorf("write the limits of gateway %s: %w", gateway, err)
	}
	return nil
}
