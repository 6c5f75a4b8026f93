package console

import (
	"net/http"
	"slices"

	"tocsin/alerting"
)

// Readiness is whether the office can warn now, as far as the process that answers knows.
type Readiness struct {
	// State is the worst of all checks.
	State  string  `json:"state"`
	Checks []Check `json:"checks"`
}

// Check is one thing that must work, in words by language, en and zh.
type Check struct {
	// Name is the same in every language: "store.kafka", "gateway.NAME", "sirens".
	Name string `json:"name"`
	// State is ok; unknown, when nobody can tell yet; warn, when something needs attention soon or works in part; or bad, when it
	// does not work.
	State string            `json:"state"`
	Title map[string]string `json:"title"`
	// Detail is what is known, and Do what to do; empty when nothing is to be done.
	Detail map[string]string `json:"detail,omitempty"`
	Do     map[string]string `json:"do,omitempty"`
}

// The states of a check.
const (
	CheckOK      = "ok"
	CheckUnknown = "unknown"
	CheckWarn    = "warn"
	CheckBad     = "bad"
)

// ReadinessOf sums checks up.
func ReadinessOf(checks []Check) Readiness {
	out := Readiness{State: CheckOK, Checks: checks}
	worse := []string{CheckOK, CheckUnknown, CheckWarn, CheckBad}
	for _, c := range checks {
		if slices.Index(worse, c.State) > slices.Index(worse, out.State) {
			out.State = c.State
		}
	}
	return out
}

func (c *Console) readiness(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	writeJSON(w, http.StatusOK, ReadinessOf(c.Readiness(r.Context())))
	return nil
}
