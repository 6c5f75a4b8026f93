package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/alerting"
)

// Digest is a SHA-256. It is written in 64 hexadecimal digits.
type Digest [sha256.Size]byte

// String is the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText writes the digest as String does.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 64 hexadecimal digits; anything else is alerting.ErrInvalid.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) != 2*len(d) {
		return fmt.Errorf("%w: digest: want %d hexadecimal digits", alerting.ErrInvalid, 2*len(d))
	}
	if _, err := hex.Decode(d[:], text); err != nil {
		return fmt.Errorf("%w: digest: want %d hexadecimal digits", alerting.ErrInvalid, 2*len(d))
	}
	return nil
}

// Act is what somebody did and is to be remembered.
type Act struct {
	// At is when, in whole milliseconds; what is finer is cut off.
	At    time.Time      `json:"at"`
	Actor alerting.Actor `json:"actor"`
	// Verb names the act, such as "alert.issued"; Subject what it was done to, such as "alert/a400…".
	Verb    string `json:"verb"`
	Subject string `json:"subject"`
	// Detail is a JSON object with what else must be known; nil is written as {}.
	Detail json.RawMessage `json:"detail"`
}

// Entry is an act in its place of the chain.
type Entry struct {
	// Number counts from 1, without gaps.
	Number int64 `json:"number"`
	Act
	// Previous is the hash of the entry before, or zero for the first one; Hash that of this one.
	Previous Digest `json:"previous"`
	Hash     Digest `json:"hash"`
}

// The longest texts of an act, in bytes.
const (
	maxName   = 512
	maxDetail = 64 << 10
)

// checked gives an act in the one form that is hashed, or says what is wrong with it (alerting.ErrInvalid).
func (a Act) checked() (Act, error) {
	for _, text := range []struct{ what, is string }{
		{"actor", a.Actor.Name}, {"kind of actor", a.Actor.Kind}, {"verb", a.Verb}, {"subject", a.Subject},
	} {
		switch {
		case text.is == "" || len(text.is) > maxName || !utf8.ValidString(text.is):
			return a, fmt.Errorf("%w: journal: the %s must be 1 to %d bytes of UTF-8", alerting.ErrInvalid, text.what, maxName)
		case strings.ContainsFunc(text.is, func(r rune) bool { return r < ' ' || r == 0x7F }):
			return a, fmt.Errorf("%w: journal: the %s %q holds a control character", alerting.ErrInvalid, text.what, text.is)
		}
	}
	if len(a.Detail) == 0 {
		a.Detail = json.RawMessage("{}")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(a.Detail, &object); err != nil || object == nil || !utf8.Valid(a.Detail) {
		return a, fmt.Errorf("%w: journal: the detail of %s must be a JSON object", alerting.ErrInvalid, a.Verb)
	}
	// Names in order and no blanks: the form that a database or a file cannot change by being read and written again.
	plain, err := json.Marshal(object)
	if err != nil || len(plain) > maxDetail {
		return a, fmt.Errorf("%w: journal: the detail of %s is longer than %d bytes", alerting.ErrInvalid, a.Verb, maxDetail)
	}
	a.Detail = plain
	a.At = a.At.UTC().Truncate(time.Millisecond)
	return a, nil
}

// after puts an act behind an entry; the zero entry stands before the first.
func after(last Entry, a Act) Entry {
	e := Entry{Number: last.Number + 1, Act: a, Previous: last.Hash}
	e.Hash = e.sum()
	return e
}

// sum is the hash that an entry must have.
func (e *Entry) sum() Digest {
	h := sha256.New()
	h.Write([]byte("tocsin journal entry 1\n"))
	h.Write(e.Previous[:])
	number := func(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) } //nolint:gosec // any 64 bits do
	number(e.Number)
	number(e.At.UnixMilli())
	for _, text := range []string{e.Actor.Name, e.Actor.Kind, e.Verb, e.Subject, string(e.Detail)} {
		number(int64(len(text)))
		h.Write([]byte(text))
	}
	return Digest(h.Sum(nil))
}
