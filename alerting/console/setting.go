package console

import (
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

// settingRoutes show what only the configuration says.
func (c *Console) settingRoutes() []route {
	return []route{
		{"GET /api/policy", MayRead, c.inTurn(c.policy), "How many must approve what; the configuration says it (approval.policy)", nil, Policy{}, 200},
		{"GET /api/tokens", MayAdminister, c.inTurn(c.tokens), "The tokens of the configuration (api.tokens) with what they may; never their secrets", nil, []TokenLine{}, 200},
	}
}

// Policy is how many must approve what.
type Policy struct {
	// Approvals: this office demands them. Without, whoever may issue does so alone.
	Approvals bool `json:"approvals"`
	// Rules all hold; what none fits needs one approval.
	Rules []PolicyRule `json:"rules"`
}

// PolicyRule is a rule of the policy; a condition that is absent fits all.
type PolicyRule struct {
	ID        string             `json:"id"`
	Severity  cap.Severity       `json:"severity,omitempty"`
	Channels  []alerting.Channel `json:"channels,omitempty"`
	Areas     []string           `json:"areas,omitempty"`
	Worlds    []alerting.World   `json:"worlds,omitempty"`
	Approvals int                `json:"approvals"`
	Kinds     []approval.Kind    `json:"kinds,omitempty"`
	PickPlace bool               `json:"pick_place,omitempty"`
}

func (c *Console) policy(w http.ResponseWriter, _ *http.Request, _ alerting.Actor) error {
	p := Policy{Approvals: c.Policy != nil, Rules: []PolicyRule{}}
	if c.Policy != nil {
		for _, r := range *c.Policy {
			p.Rules = append(p.Rules, PolicyRule{r.ID, r.Severity, r.Channels, r.Areas, r.Worlds, r.Approvals, r.Kinds, r.PickPlace})
		}
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

// TokenLine is a token as it is shown. Unit "" is the whole office; no worlds are all.
type TokenLine struct {
	Name   string           `json:"name"`
	May    []Right          `json:"may"`
	Unit   string           `json:"unit"`
	Worlds []alerting.World `json:"worlds,omitempty"`
}

func (c *Console) tokens(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	out := make([]TokenLine, 0, len(c.Tokens))
	for _, t := range c.Tokens {
		out = append(out, TokenLine{t.Name, t.May, t.Unit, t.Worlds})
	}
	some, err := pageList(c, w, r, "tokens", out, func(t *TokenLine) string { return t.Name })
	return orJSON(w, some, err)
}
