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
