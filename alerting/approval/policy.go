package approval

import (
	"fmt"
	"slices"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// MostApprovals is the most that a rule can demand.
const MostApprovals = 3

// Rule says what alerts of some sort need. Its empty conditions fit every alert.
type Rule struct {
	// ID names the rule in answers and in the journal.
	ID string
	// Severity is the least that it is for; zero for all.
	Severity cap.Severity
	// Channels: it is for alerts that go out on one of these.
	Channels []alerting.Channel
	// Areas: it is for alerts with an area whose geocode begins with one of these, and for those with an area that has none.
	Areas []string
	// Worlds: it is for these.
	Worlds []alerting.World
	// Approvals is how many operators besides the author must approve: 1 to 3, and 0 only outside the world actual.
	Approvals int
	// Kinds are the keys whose approvals count; empty means all.
	Kinds []Kind
	// PickPlace: whoever approves must pick the place out of three. The desk asks for it; no signature says so.
	PickPlace bool
}

// Policy is the rules of an office. Every rule that fits must be kept, so that adding one never weakens another; an alert that
// none fits needs one approval.
type Policy []Rule

// Check says what is wrong with a policy.
func (p Policy) Check() error {
	seen := make(map[string]bool)
	for i, r := range p {
		wrong := func(format string, args ...any) error {
			return fmt.Errorf("%w: policy rule %d (%s): %s", alerting.ErrInvalid, i+1, r.ID, fmt.Sprintf(format, args...))
		}
		actual := len(r.Worlds) == 0 || slices.Contains(r.Worlds, alerting.Actual)
		switch {
		case r.ID == "" || seen[r.ID]:
			return wrong("a rule needs an id of its own")
		case r.Approvals < 0 || r.Approvals > MostApprovals:
			return wrong("approvals %d: want 1 to %d", r.Approvals, MostApprovals)
		case r.Approvals == 0 && actual:
			return wrong("approvals 0 in the world actual: nobody can send alone; name other worlds")
		}
		seen[r.ID] = true
		for _, k := range r.Kinds {
			if !slices.Contains(Kinds(), k) {
				return wrong("kind %q: want some of %v", k, Kinds())
			}
		}
	}
	return nil
}

// Demands are the rules that fit an alert.
func (p Policy) Demands(a *cap.Alert, e *alerting.Envelope) []Rule {
	var out []Rule
	for _, r := range p {
		if r.fits(a, e) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		out = []Rule{{ID: "default", Approvals: 1}}
	}
	return out
}

func (r *Rule) fits(a *cap.Alert, e *alerting.Envelope) bool {
	if len(r.Worlds) > 0 && !slices.Contains(r.Worlds, e.World) {
		return false
	}
	onChannel := func(c alerting.Channel) bool { return len(e.Channels) == 0 || slices.Contains(e.Channels, c) }
	if len(r.Channels) > 0 && !slices.ContainsFunc(r.Channels, onChannel) {
		return false
	}
	if r.Severity != "" && !slices.ContainsFunc(a.Infos, func(i cap.Info) bool { return r.graded(i.Severity) }) {
		return false
	}
	return len(r.Areas) == 0 || len(a.Infos) == 0 || slices.ContainsFunc(a.Infos, func(i cap.Info) bool {
		return slices.ContainsFunc(i.Areas, r.covers)
	})
}

// graded: a severity of Unknown may be anything.
func (r *Rule) graded(s cap.Severity) bool {
	return s.Rank() >= r.Severity.Rank() || s == cap.UnknownSeverity
}

// covers: an area that no code names may lie anywhere.
func (r *Rule) covers(a cap.Area) bool {
	if len(a.Geocodes) == 0 {
		return true
	}
	return slices.ContainsFunc(a.Geocodes, func(g cap.Value) bool {
		return slices.ContainsFunc(r.Areas, func(prefix string) bool { return strings.HasPrefix(g.Value, prefix) })
	})
}
