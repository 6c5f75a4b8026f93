package alerting

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"tocsin/cap"
)

// World keeps real warnings, exercises and technical tests apart: it begins every topic name, and only Actual may
// leave through a live gateway.
type World string

// The three worlds.
const (
	Actual   World = "actual"
	Exercise World = "exercise"
	Test     World = "test"
)

// Worlds lists all worlds.
func Worlds() []World { return []World{Actual, Exercise, Test} }

// WorldOf says which world a CAP status belongs to. System and Draft belong to none: they are refused (ErrInvalid).
func WorldOf(s cap.Status) (World, error) {
	switch s {
	case cap.StatusActual:
		return Actual, nil
	case cap.StatusExercise:
		return Exercise, nil
	case cap.StatusTest:
		return Test, nil
	}
	return "", fmt.Errorf("%w: status %q is not for the public; use Actual, Exercise or Test", ErrInvalid, string(s))
}

// Channel is a way to reach a recipient.
type Channel string

// The channels.
const (
	SMS   Channel = "sms"
	Push  Channel = "push"
	Mail  Channel = "mail"
	Siren Channel = "siren"
)

// Channels lists all channels; the index of a channel in it is stable.
func Channels() []Channel { return []Channel{SMS, Push, Mail, Siren} }

// PeopleChannels lists the channels that reach people rather than sirens.
func PeopleChannels() []Channel { return []Channel{SMS, Push, Mail} }

// Lane is the priority of a dispatch.
type Lane string

// The lanes, highest first.
const (
	Stop    Lane = "stop"
	Flash   Lane = "flash"
	Routine Lane = "routine"
)

// Lanes lists all lanes, highest first.
func Lanes() []Lane { return []Lane{Stop, Flash, Routine} }

// Rank is 0 for the highest lane.
func (l Lane) Rank() int {
	switch l {
	case Stop:
		return 0
	case Flash:
		return 1
	}
	return 2
}

// LaneOf says in which lane an alert travels: a Cancel or an all-clear in stop; an Extreme or Severe one that is
// Immediate or Expected in flash; everything else in routine. The most pressing info decides.
func LaneOf(a *cap.Alert) Lane {
	if a.MsgType == cap.MsgCancel {
		return Stop
	}
	lane := Routine
	for i := range a.Infos {
		info := &a.Infos[i]
		if slices.Contains(info.ResponseTypes, cap.AllClear) {
			return Stop
		}
		pressing := info.Urgency == cap.Immediate || info.Urgency == cap.Expected
		if pressing && info.Severity.Rank() >= cap.Severe.Rank() {
			lane = Flash
		}
	}
	return lane
}

// AlertID names an alert: the first 16 bytes of SHA-256 over sender, identifier and sent (as UTC seconds, RFC 3339),
// separated by NUL. Identifiers are unique per sender only (CAP 1.2 §3.2.1), hence all three.
type AlertID [16]byte

// NewAlertID computes the id of an alert.
func NewAlertID(sender, identifier string, sent time.Time) AlertID {
	h := sha256.Sum256([]byte(sender + "\x00" + identifier + "\x00" + sent.UTC().Format(time.RFC3339)))
	return AlertID(h[:16])
}

// IDOf is the id of a parsed alert.
func IDOf(a *cap.Alert) AlertID { return NewAlertID(a.Sender, a.Identifier, a.Sent) }

// IDOfReference is the id of the alert that a reference names.
func IDOfReference(r cap.Reference) AlertID { return NewAlertID(r.Sender, r.Identifier, r.Sent) }

// String is the id in 32 hexadecimal digits.
func (id AlertID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether the id was never set.
func (id AlertID) IsZero() bool { return id == AlertID{} }

// MarshalText writes the 32 hexadecimal digits.
func (id AlertID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads 32 hexadecimal digits.
func (id *AlertID) UnmarshalText(b []byte) error {
	parsed, err := ParseAlertID(string(b))
	if err == nil {
		*id = parsed
	}
	return err
}

// ParseAlertID reads the form that String writes; anything else is ErrInvalid.
func ParseAlertID(s string) (AlertID, error) {
	var id AlertID
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("%w: alert id %q: want 32 hexadecimal digits", ErrInvalid, s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return AlertID{}, fmt.Errorf("%w: alert id %q: want 32 hexadecimal digits", ErrInvalid, s)
	}
	return id, nil
}

// Actor is who did something: a person who is logged in, a named token, an operator, or the engine itself.
type Actor struct {
	Name string `json:"name"`
	// Kind is "person", "token", "operator", "engine" or, for the source of a document that came in, "partner".
	Kind string `json:"kind"`
	// Unit is the code of the administrative unit that he acts for; empty is the whole office.
	Unit string `json:"unit,omitempty"`
}
