package scenario

import (
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cmd/tocsin/serve"
)

// stands puts a standing authorisation into a forged envelope that everything is within, signed by some administrators, with the
// true signatures of the author who releases it. What it lacks is the desk's signature.
func (o *Office) stands(e *alerting.Envelope, admins ...string) {
	o.tb.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	s := &alerting.StandingOrder{Name: "forged", Kind: approval.Countersigned, Operators: []string{"first"}, CountersignWithin: 15, Reason: "forged", At: now,
		Bounds: alerting.StandingBounds{Categories: []string{"Met"}, Severity: "Extreme", Channels: alerting.Channels(), People: 1 << 30, Sirens: 1 << 30,
			PerHour: 10, Burst: 10, Polygons: [][][2]float64{{{-80, -170}, {-80, 170}, {80, 170}, {80, -170}, {-80, -170}}},
			From: now.Add(-time.Hour), Until: now.Add(time.Hour)}}
	signer := func(name string) approval.Signer {
		key, err := serve.OperatorKey(o.OperatorFile(name))
		if err != nil {
			o.tb.Fatal(err)
		}
		return key
	}
	for _, admin := range admins {
		a, err := approval.SignStanding(signer(admin), *s, admin, now)
		if err != nil {
			o.tb.Fatal(err)
		}
		s.By = append(s.By, a)
	}
	e.Standing = s
	for _, act := range []approval.Act{approval.Author, approval.Release} {
		st, err := approval.Over(e, act, "first", now)
		if err != nil {
			o.tb.Fatal(err)
		}
		a, err := signer("first").Sign(st)
		if err != nil {
			o.tb.Fatal(err)
		}
		e.Approvals = append(e.Approvals, a)
	}
}
