package alerting

import "time"

// Counted is how many an alert reaches.
type Counted struct {
	People int64 `json:"people"`
	Sirens int64 `json:"sirens"`
}

// Approval is one operator's signature; package approval says over what.
type Approval struct {
	// By is the operator's name, Act what he agrees to, At when, in whole seconds.
	By  string    `json:"by"`
	Act string    `json:"act"`
	At  time.Time `json:"at"`
	// KeyID names the key, Signature is as its kind makes it.
	KeyID     string `json:"key_id"`
	Signature []byte `json:"signature"`
}

// Enrolment makes a key known as an operator's, when two operators who may do that have signed it.
type Enrolment struct {
	Operator string `json:"operator"`
	// Key is the public key in its text form, such as "file:BASE64".
	Key string `json:"key"`
	// Rights are what its signatures are good for.
	Rights []string   `json:"rights"`
	At     time.Time  `json:"at"`
	By     []Approval `json:"by"`
}

// Revocation makes a key unknown for ever, when two operators who may do that have signed it, or one to whom it belongs.
type Revocation struct {
	KeyID  string     `json:"key_id"`
	Reason string     `json:"reason"`
	At     time.Time  `json:"at"`
	By     []Approval `json:"by"`
	// Enrolments are those by which the keys of the signatures are known; the signatures do not cover them.
	Enrolments []Enrolment `json:"enrolments,omitempty"`
}

// Change is an administrative act that could send or silence, such as an import of sirens. Where the office has approvals it takes
// effect when two people have signed it.
type Change struct {
	ID string `json:"id"`
	// Kind says what is changed, such as "sirens.import".
	Kind string `json:"kind"`
	// Digest is the SHA-256 of the body, in hexadecimal: the body is what the kind takes, a file or a JSON object. Lists leave it out.
	Digest string `json:"sha256"`
	Body   []byte `json:"body,omitempty"`
	// Summary says in words what would change, and Base is a digest of what the engine compared it with. When that has moved the
	// change is not made.
	Summary []string `json:"summary"`
	Base    string   `json:"base"`
	Reason  string   `json:"reason,omitempty"`
	// At and Expires are in whole seconds.
	At      time.Time  `json:"at"`
	Expires time.Time  `json:"expires"`
	By      []Approval `json:"by"`
}

// TestWindow is a time in which messages of the world test may leave through live gateways: a public test. Two operators
// who may approve have signed it (act open-window), and one of them may close it. Nothing else lets a test out.
type TestWindow struct {
	ID string `json:"id"`
	// From and Until are in whole seconds, at most MaxWindow apart; Until is the first moment after it.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Channels are those that it opens, never none.
	Channels []Channel `json:"channels"`
	// Codes are geocodes as NAME=VALUE, where a value that ends with * stands for all that begin so; Polygons are closed
	// rings of latitude and longitude. All of a test's areas must lie in them.
	Codes    []string       `json:"codes,omitempty"`
	Polygons [][][2]float64 `json:"polygons,omitempty"`
	// Groups are the only groups of sirens that it lets sound; empty means all in the area.
	Groups []string `json:"groups,omitempty"`
	// Programme is the one that its sirens run, one of TestTones, for so many Seconds; without the channel siren both are empty.
	Programme string `json:"programme,omitempty"`
	Seconds   int    `json:"seconds,omitempty"`
	// Note says what the test is for, to those who sign.
	Note string     `json:"note,omitempty"`
	By   []Approval `json:"by,omitempty"`
}

// MaxWindow is the longest that a public test may take, and MaxTone how long its sirens may sound.
const (
	MaxWindow = 24 * time.Hour
	MaxTone   = 5 * time.Minute
)

// TestTones are the siren programmes that a public test may run. The silent one moves no horn.
func TestTones() []string { return []string{"test-silent", "attention", "all-clear", "alarm"} }

// WindowClosing ends a window before its time, when one operator who may approve has signed it.
type WindowClosing struct {
	Window string     `json:"window"`
	At     time.Time  `json:"at"`
	By     []Approval `json:"by"`
}
