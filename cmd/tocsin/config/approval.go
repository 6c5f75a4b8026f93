package config

import (
	"fmt"
	"slices"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

// Approval says who must agree before an alert goes out. Without founders nobody must: whoever has a token with the right
// issue sends alone.
type Approval struct {
	// Founders are the first operators, two or more: they enrol all others, who are kept in the database with their signatures.
	Founders []Founder `yaml:"founders"`
	// DeskKey is the public key with which the role api signs the cancels that it writes; DeskKeyFile its private half, which
	// only that role has: `tocsin keys operator FILE`.
	DeskKey     string `yaml:"desk_key" env:"DESK_KEY"`
	DeskKeyFile string `yaml:"desk_key_file" env:"DESK_KEY_FILE"`
	// Revoked are the ids of keys that nobody takes, whatever the database says.
	Revoked []string `yaml:"revoked" env:"REVOKED"`
	// Policy is how many must approve what. Every rule that fits holds; what none fits needs one approval.
	Policy []PolicyRule `yaml:"policy"`
	// Fuse holds an alert back, before its first message, that would reach far more than those who approved it were shown.
	Fuse Fuse `yaml:"fuse" envPrefix:"FUSE_"`
	// Passkey is whose passkeys count; left out, none do.
	Passkey Passkey `yaml:"passkey" envPrefix:"PASSKEY_"`
}

// Founder is one of the first operators.
type Founder struct {
	Name string `yaml:"name"`
	Key  string `yaml:"key"` // as `tocsin keys operator FILE` prints it
}

// PolicyRule says what alerts of some sort need; a condition that is left out fits all.
type PolicyRule struct {
	ID        string   `yaml:"id"`
	Severity  string   `yaml:"severity"`  // at least: Minor, Moderate, Severe, Extreme
	Channels  []string `yaml:"channels"`  // one of them is used
	Areas     []string `yaml:"areas"`     // beginnings of geocodes; an area without any fits too
	Worlds    []string `yaml:"worlds"`    // actual, exercise, test
	Approvals int      `yaml:"approvals"` // 1 to 3; 0 only in other worlds than actual
	Kinds     []string `yaml:"kinds"`     // file, passkey, password: the keys whose approvals count
	// PickPlace: whoever approves picks the place out of three, or types it where the office has too few units.
	PickPlace bool `yaml:"pick_place"`
}

// Passkey is the relying party of WebAuthn.
type Passkey struct {
	ID      string   `yaml:"id" env:"ID"`           // a host name, such as desk.office.example
	Origins []string `yaml:"origins" env:"ORIGINS"` // https://desk.office.example
}

// Fuse is how many more are too many: more than Factor times as many, and More people (Sirens sirens) beyond.
type Fuse struct {
	Factor float64 `yaml:"factor" env:"FACTOR"` // default 1.5
	More   int64   `yaml:"more" env:"MORE"`     // default 1000
	Sirens int64   `yaml:"sirens" env:"SIRENS"` // default 10
}

// Needed reports whether anybody must approve.
func (a *Approval) Needed() bool { return len(a.Founders) > 0 }

// Office is what a process checks alerts with; nil when nobody must approve.
func (a *Approval) Office() (*approval.Office, error) {
	if !a.Needed() {
		return nil, nil
	}
	var founders []approval.Founder
	for _, f := range a.Founders {
		key, err := approval.ParseKey(f.Key)
		if err != nil {
			return nil, fmt.Errorf("founder %s: %w", f.Name, err)
		}
		if f.Name == approval.DeskName {
			return nil, fmt.Errorf("%w: founder %q: that is the desk's own name", alerting.ErrInvalid, f.Name)
		}
		founders = append(founders, approval.Founder{Name: f.Name, Key: key})
	}
	relying := approval.Relying{ID: a.Passkey.ID, Origins: a.Passkey.Origins}
	if relying.ID != "" || len(relying.Origins) > 0 {
		if err := relying.Check(); err != nil {
			return nil, err
		}
	}
	roll, err := approval.NewRoll(founders, relying, a.Revoked...)
	if err != nil {
		return nil, err
	}
	desk, err := approval.ParseKey(a.DeskKey)
	if err != nil {
		return nil, fmt.Errorf("desk_key: %w", err)
	}
	policy := a.policy()
	return &approval.Office{Founders: roll, Policy: policy, Desk: desk}, policy.Check()
}

func (a *Approval) policy() approval.Policy {
	var out approval.Policy
	for _, r := range a.Policy {
		rule := approval.Rule{ID: r.ID, Severity: cap.Severity(r.Severity), Areas: r.Areas, Approvals: r.Approvals, PickPlace: r.PickPlace}
		for _, c := range r.Channels {
			rule.Channels = append(rule.Channels, alerting.Channel(c))
		}
		for _, w := range r.Worlds {
			rule.Worlds = append(rule.Worlds, alerting.World(w))
		}
		for _, kind := range r.Kinds {
			rule.Kinds = append(rule.Kinds, approval.Kind(kind))
		}
		out = append(out, rule)
	}
	return out
}

func (k *checker) approval(c *Config) {
	a := &c.Approval
	if !a.Needed() {
		if len(a.Policy) > 0 || a.DeskKey != "" || a.DeskKeyFile != "" {
			k.bad("$.approval.founders", "it is missing: name the first two operators, or leave the whole of approval out")
		}
		return
	}
	if a.Fuse.Factor < 1 || a.Fuse.Factor > 100 {
		k.bad("$.approval.fuse.factor", "%v: want 1 to 100", a.Fuse.Factor)
	}
	if a.Fuse.More < 0 || a.Fuse.Sirens < 0 {
		k.bad("$.approval.fuse", "more and sirens: want 0 or more")
	}
	for i, r := range a.Policy {
		path := fmt.Sprintf("$.approval.policy[%d]", i)
		severities := []string{"", string(cap.Minor), string(cap.Moderate), string(cap.Severe), string(cap.Extreme)}
		if !slices.Contains(severities, r.Severity) {
			k.bad(path+".severity", "%q: want one of %v", r.Severity, severities[1:])
		}
		among(k, path+".channels", r.Channels, alerting.Channels())
		among(k, path+".worlds", r.Worlds, alerting.Worlds())
		among(k, path+".kinds", r.Kinds, approval.Kinds())
	}
	if _, err := a.Office(); err != nil {
		k.bad("$.approval", "%v", err)
	}
}

func among[T ~string](k *checker, path string, have []string, want []T) {
	for i, one := range have {
		if !slices.Contains(want, T(one)) {
			k.bad(fmt.Sprintf("%s[%d]", path, i), "%q: want one of %v", one, want)
		}
	}
}
