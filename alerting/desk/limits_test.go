package desk

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

func (o *office) pacing() *Pacing {
	return &Pacing{Now: func() time.Time { return o.now }, Gateways: []Paced{
		{Name: "sms", Channel: alerting.SMS, Path: "$.gateways[0]", Rate: 100},
		{Name: "double", Channel: alerting.SMS, Path: "$.gateways[1]", Rate: 100, Ceiling: 2},
		{Name: "push", Channel: alerting.Push, Path: "$.gateways[2]"}}}
}

func (o *office) setsRate(p *Pacing, r RateOrder) {
	o.t.Helper()
	if err := o.db.Write(o.t.Context(), func(ctx context.Context, tx bun.Tx) error { return p.SetRate(ctx, tx, officer.Actor, r) }); err != nil {
		o.t.Fatal(err)
	}
}

func TestWhoMayChangeARate(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p := o.pacing()
		o.setsRate(p, RateOrder{Gateway: "double", Rate: 50})
		for _, row := range []struct {
			order RateOrder
			alone bool
			err   error
			says  string
		}{
			{RateOrder{Gateway: "sms", Rate: 50}, true, nil, "100 → 50"},
			{RateOrder{Gateway: "sms", Rate: 10}, true, nil, "100 → 10"},
			{RateOrder{Gateway: "sms", Rate: 9.9}, false, nil, "100 → 9.9"},
			{RateOrder{Gateway: "sms", Rate: 101}, false, alerting.ErrInvalid, "at most 100 a second ($.gateways[0]: rate 100 × rate_ceiling 1)"},
			{RateOrder{Gateway: "sms", Rate: .001}, false, alerting.ErrInvalid, "pause the gateway"},
			{RateOrder{Gateway: "sms"}, false, alerting.ErrInvalid, "pause the gateway"},
			{RateOrder{Gateway: "sms", Rate: -5}, false, alerting.ErrInvalid, "pause the gateway"},
			{RateOrder{Gateway: "sms", Rate: 5, Default: true}, false, alerting.ErrInvalid, "not both"},
			{RateOrder{Gateway: "double", Rate: 51}, false, nil, "50 → 51"},
			{RateOrder{Gateway: "double", Rate: 200}, false, nil, "50 → 200"},
			{RateOrder{Gateway: "double", Rate: 201}, false, alerting.ErrInvalid, "at most 200"},
			{RateOrder{Gateway: "double", Default: true}, false, nil, "50 → 100"},
			{RateOrder{Gateway: "push", Rate: 5}, false, alerting.ErrInvalid, "$.gateways[2].rate"},
			{RateOrder{Gateway: "mail", Rate: 5}, false, alerting.ErrNotFound, "no gateway"},
		} {
			plan, err := p.PlanRate(t.Context(), o.db.Read(), row.order)
			said := strings.Join(plan.Summary.Lines(), "\n")
			if err != nil {
				said = err.Error()
			}
			if !errors.Is(err, row.err) || plan.Alone != row.alone || !strings.Contains(said, row.says) {
				t.Errorf("%+v: alone %v, %q; want alone %v, %q", row.order, plan.Alone, said, row.alone, row.says)
			}
		}
		if plan, err := p.PlanRate(t.Context(), o.db.Read(), RateOrder{Gateway: "sms", Default: true}); err != nil || len(plan.Summary) != 0 {
			t.Errorf("back to what holds: %+v %v", plan, err)
		}
	})
}

// TestALimitOfThePast: the configuration has the last word, and versions grow although a clock was set back.
func TestALimitOfThePast(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p := o.pacing()
		o.setsRate(p, RateOrder{Gateway: "double", Rate: 200})
		first, err := Limits(t.Context(), o.db.Read())
		if err != nil {
			t.Fatal(err)
		}
		o.now = o.now.Add(-time.Hour)
		o.setsRate(p, RateOrder{Gateway: "double", Rate: 150})
		later, err := Limits(t.Context(), o.db.Read())
		if err != nil || later["double"].Version <= first["double"].Version {
			t.Errorf("version %d after %d (%v)", later["double"].Version, first["double"].Version, err)
		}
		p.Gateways[1].Ceiling = 1
		all, err := p.List(t.Context(), o.db.Read())
		if err != nil || len(all) != 3 || all[1].InForce != 100 || all[2].InForce != 0 || all[1].By != officer.Actor.Name {
			t.Errorf("%+v %v", all, err)
		}
	})
}

func TestAPauseEnds(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p := o.pacing()
		for _, row := range []struct {
			order PauseOrder
			err   error
		}{
			{PauseOrder{Gateway: "sms", Until: o.now.Add(time.Hour)}, alerting.ErrInvalid},
			{PauseOrder{Gateway: "sms", Reason: "x"}, alerting.ErrInvalid},
			{PauseOrder{Gateway: "sms", Until: o.now, Reason: "x"}, alerting.ErrState},
			{PauseOrder{Gateway: "sms", Until: o.now.Add(longestPause + time.Second), Reason: "x"}, alerting.ErrInvalid},
			{PauseOrder{Gateway: "sms", Until: o.now.Add(time.Hour), Reason: "x", Resume: true}, alerting.ErrInvalid},
			{PauseOrder{Gateway: "mail", Until: o.now.Add(time.Hour), Reason: "x"}, alerting.ErrNotFound},
			{PauseOrder{Gateway: "push", Until: o.now.Add(time.Hour), Reason: "x"}, nil},
		} {
			if plan, err := p.PlanPause(t.Context(), o.db.Read(), row.order); !errors.Is(err, row.err) || plan.Alone || err == nil && len(plan.Summary) == 0 {
				t.Errorf("%+v: %+v %v, want %v", row.order, plan, err, row.err)
			}
		}
		pause := PauseOrder{Gateway: "sms", Until: o.now.Add(time.Hour), Reason: "wrong numbers"}
		if err := o.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { return p.SetPause(ctx, tx, officer.Actor, pause) }); err != nil {
			t.Fatal(err)
		}
		resume := PauseOrder{Gateway: "sms", Resume: true}
		if plan, err := p.PlanPause(t.Context(), o.db.Read(), resume); err != nil || !plan.Alone || len(plan.Summary) != 1 {
			t.Errorf("%+v %v: want that one person may end it", plan, err)
		}
		if all, err := p.List(t.Context(), o.db.Read()); err != nil || !all[0].PausedUntil.Equal(pause.Until) || all[0].Reason != pause.Reason {
			t.Errorf("%+v %v", all, err)
		}
		o.now = pause.Until
		if all, err := p.List(t.Context(), o.db.Read()); err != nil || !all[0].PausedUntil.IsZero() || all[0].Reason != "" {
			t.Errorf("after its end: %+v %v", all, err)
		}
	})
}
