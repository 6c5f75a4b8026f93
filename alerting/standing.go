package alerting

import "time"

// StandingOrder lets alerts within its bounds go out before a second person has signed them, when two administrators have signed
// it (package approval). Its id is computed from what it says, so that no two that differ share one.
type StandingOrder struct {
	// Name is what people call it, such as "harbour gauges".
	Name string `json:"name"`
	// Kind is "countersign": a named operator releases first, and a second one signs within CountersignWithin minutes; or
	// "unattended": what a pinned partner signed goes out with nobody present.
	Kind string `json:"kind"`
	// Operators may release under one of kind countersign.
	Operators []string `json:"operators,omitempty"`
	// CountersignWithin is in minutes.
	CountersignWithin int `json:"countersign_within,omitempty"`
	// Source is the source of the inbox, Sender the CAP sender of its alerts, and Certificates (DER) are who may have
	// signed them: those of kind unattended. They are here whole, so that every process can check without a file.
	Source       string   `json:"source,omitempty"`
	Sender       string   `json:"sender,omitempty"`
	Certificates [][]byte `json:"certificates,omitempty"`
	// Bounds are what it is good for.
	Bounds StandingBounds `json:"bounds"`
	// Reason is why the office wants it.
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	// By are the signatures of two administrators.
	By []Approval `json:"by,omitempty"`
}

// StandingBounds are what a standing authorisation is good for. Nothing is without a bound.
type StandingBounds struct {
	// Categories are CAP categories, and Events words of CAP event or values of its eventCode. Every info must have one of
	// each list that is not empty, and no category beside them; one list must not be empty.
	Categories []string `json:"categories,omitempty"`
	Events     []string `json:"events,omitempty"`
	// Severity is the highest that is allowed. Unknown may be anything, and is beyond every ceiling but Extreme.
	Severity string `json:"severity"`
	// Channels are those that are allowed; an alert that names none goes out on all.
	Channels []Channel `json:"channels"`
	// Codes are geocodes, NAME=VALUE; a value that ends with * stands for all that begin so. Polygons are
	// lists of latitude and longitude in degrees, each closed. Every area of an alert must lie in them whole.
	Codes    []string       `json:"codes,omitempty"`
	Polygons [][][2]float64 `json:"polygons,omitempty"`
	// People and Sirens are the most that an alert may reach.
	People int64 `json:"people"`
	Sirens int64 `json:"sirens"`
	// PerHour is how many alerts may go out in any hour, and Burst how many of them in any minute.
	PerHour int `json:"per_hour"`
	Burst   int `json:"burst"`
	// From and Until are when it holds.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Withdrawal ends a standing authorisation, when one person has signed it who may stop or administer.
type Withdrawal struct {
	// Standing is the id.
	Standing string     `json:"standing"`
	Reason   string     `json:"reason"`
	At       time.Time  `json:"at"`
	By       []Approval `json:"by,omitempty"`
	// Enrolments are those by which the key of the signature is known.
	Enrolments []Enrolment `json:"enrolments,omitempty"`
}
