package audience

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Standing is what an alert is, by the registers of now, to somebody whom it did not tell.
type Standing struct {
	// Why says what keeps it from him; empty when nothing does.
	Why string
	// Channels are those on which he could be reached.
	Channels []alerting.Channel
}

// Why says why an alert is not for a person. It asks the same plan as a scan does, with what the person wants taken away
// step by step: so it gives no reason that a scan would not have.
func (a *Audience) Why(ctx context.Context, issued *alerting.Issued, id int64) (Standing, error) {
	p, err := a.plan(ctx, issued)
	if err != nil {
		return Standing{}, err
	}
	people, err := a.load(ctx, []int64{id}, true)
	if err != nil {
		return Standing{}, err
	}
	who := people[id]
	if who == nil {
		return Standing{Why: alerting.Say("why.gone", "the person is not registered any more")}, nil
	}
	named, err := a.idsOf(ctx, p.named)
	if err != nil {
		return Standing{}, err
	}
	var s Standing
	var reasons []string
	if why := p.whyNot(who, slices.Contains(named, id)); why != "" {
		reasons = append(reasons, why)
	}
	why, err := a.whyUnreachable(ctx, id, &s)
	if why != "" {
		reasons = append(reasons, why)
	}
	s.Why = strings.Join(reasons, "; ")
	return s, err
}

// whyNot says what in the alert, or in what a person wants, keeps it from him; empty when nothing does.
func (p *plan) whyNot(who *person, named bool) string {
	switch reason := p.reason(); {
	case reason != "":
		return reason
	case len(p.named) > 0 && !named:
		return alerting.Say("why.not-named", "the alert is for named people, and this person is not among them")
	case p.open:
		return ""
	}
	strict := reader{wants: who.wants, ranks: p.tongues.of(who.language)}
	everything, anyhow := strict, strict
	everything.wants, anyhow.told = 0, true
	switch {
	case p.infoFor(who, &strict) >= 0:
		return ""
	case len(who.places) == 0:
		return alerting.Say("why.no-place", "no place of this person is known")
	case p.infoFor(who, &anyhow) < 0:
		return alerting.Say("why.outside", "no place of this person is in the area")
	case p.infoFor(who, &everything) >= 0:
		return alerting.Say("why.hazards", "this person wants to hear of other hazards only: %s", join(wantsOf(who.wants)))
	}
	return alerting.Say("why.graver", "this person wants to hear of graver warnings only at the places in the area")
}

// whyUnreachable gives the channels on which a person can be reached and, if there are none, why.
func (a *Audience) whyUnreachable(ctx context.Context, id int64, s *Standing) (string, error) {
	var faults []string
	away := false
	err := each(ctx, a.db.Read(), "read a person's addresses",
		`SELECT p.opted_out, COALESCE(a.channel, ''), COALESCE(a.verified, 0), COALESCE(a.opted_out, 0) FROM people AS p
		 LEFT JOIN addresses AS a ON a.person = p.id WHERE p.id = ? ORDER BY a.channel`, []any{id},
		func(rows *sql.Rows) error {
			var gone, verified, out int
			var channel alerting.Channel
			if err := rows.Scan(&gone, &channel, &verified, &out); err != nil {
				return err
			}
			away = gone != 0
			switch {
			case channel == "":
			case out != 0:
				faults = append(faults, alerting.Say("why.channel-out", "opted out of %s", channel))
			case verified == 0:
				faults = append(faults, alerting.Say("why.unverified", "the address for %s is not verified", channel))
			default:
				s.Channels = append(s.Channels, channel)
			}
			return nil
		})
	switch {
	case err != nil:
		return "", err
	case away:
		s.Channels = nil
		return alerting.Say("why.opted-out", "this person opted out of all warnings"), nil
	case len(s.Channels) > 0:
		return "", nil
	case len(faults) == 0:
		return alerting.Say("why.no-address", "no address of this person is known"), nil
	}
	return alerting.Say("why.unreachable", "this person cannot be reached: %s", strings.Join(faults, "; ")), nil
}

// WhySiren says why an alert is not for a siren.
func (a *Audience) WhySiren(ctx context.Context, issued *alerting.Issued, id int64) (Standing, error) {
	p := a.newPlan(issued)
	groups := issued.Envelope.Audience.Groups
	s := Standing{Why: alerting.Say("why.siren-gone", "the siren is not registered any more")}
	err := each(ctx, a.db.Read(), "read a siren", "SELECT cell, group_name, enabled FROM sirens WHERE id = ?", []any{id},
		func(rows *sql.Rows) error {
			var key int64
			var group string
			var enabled int
			if err := rows.Scan(&key, &group, &enabled); err != nil {
				return err
			}
			s.Why = ""
			switch {
			case enabled == 0:
				s.Why = alerting.Say("why.siren-off", "the siren is switched off in the register")
			case p.closed:
				s.Why = alerting.Say("why.siren-scope", "an alert of scope %s sounds no siren", p.alert.Scope)
			case len(groups) > 0 && !slices.Contains(groups, group):
				s.Why = alerting.Say("why.siren-groups", "the alert is for other groups of sirens")
			case p.usable && p.sirenInfo(place{cell: Cell(key)}) < 0:
				s.Why = alerting.Say("why.siren-outside", "the siren is not in the area")
			case !p.usable && len(groups) == 0:
				s.Why = alerting.Say("why.siren-no-area", "no area has usable geometry, and no group of sirens is named")
			default:
				s.Channels = []alerting.Channel{alerting.Siren}
			}
			return nil
		})
	return s, err
}
