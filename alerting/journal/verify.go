package journal

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Fault is what was done to a journal.
type Fault string

// The faults, by what can be proven of them.
const (
	// Edited: an entry does not have the hash of its own content.
	Edited Fault = "edited"
	// Missing: a number is left out.
	Missing Fault = "missing"
	// Misplaced: an entry does not follow the one before it, or its number comes a second time.
	Misplaced Fault = "misplaced"
	// Cut: entries at the end are gone, for a head names one that is not there.
	Cut Fault = "cut"
	// Rewritten: the chain fits together, but does not lead through a head that was signed.
	Rewritten Fault = "rewritten"
	// Forged: a head is not signed with any of the keys.
	Forged Fault = "forged"
)

// Broken is the first thing that is wrong with a journal. It is an alerting.ErrInvalid.
type Broken struct {
	Fault Fault `json:"fault"`
	// Number is that of the first entry that cannot be trusted.
	Number  int64  `json:"number"`
	Message string `json:"message"`
}

// Error says what is wrong.
func (b *Broken) Error() string {
	return fmt.Sprintf("journal entry %d: %s: %s", b.Number, b.Fault, b.Message)
}

// Unwrap makes it an alerting.ErrInvalid.
func (b *Broken) Unwrap() error { return alerting.ErrInvalid }

// Sound is what Verify found to be in order.
type Sound struct {
	// Entries is how many there are, Last the hash of the last one.
	Entries int64  `json:"entries"`
	Last    Digest `json:"last"`
	// Heads is how many signed heads the chain leads through, Covered the number of the latest of them: what came later
	// is proven by nothing outside.
	Heads   int       `json:"heads"`
	Covered int64     `json:"covered"`
	Until   time.Time `json:"until,omitzero"`
}

// Verify reads a whole journal and compares it with the heads that were exported, of which any number may be given, in any
// order. The error is a *Broken that names the first entry that cannot be trusted, or that of reading.
func Verify(entries iter.Seq2[Entry, error], heads []Head, keys []ed25519.PublicKey) (Sound, error) {
	return verify(entries, Head{}, heads, keys)
}

// VerifyDatabase is Verify for the journal of a database, which also knows where its chain ends.
func VerifyDatabase(ctx context.Context, db bun.IDB, heads []Head, keys []ed25519.PublicKey) (Sound, error) {
	end, err := headOf(ctx, db) // before the entries: more may be added while they are read
	if err != nil {
		return Sound{}, err
	}
	return verify(Read(ctx, db, Query{}), end, heads, keys)
}

func verify(entries iter.Seq2[Entry, error], end Head, heads []Head, keys []ed25519.PublicKey) (Sound, error) {
	heads = slices.SortedStableFunc(slices.Values(heads), func(a, b Head) int { return cmp.Compare(a.Number, b.Number) })
	for _, h := range heads {
		if err := h.Check(keys); err != nil {
			return Sound{}, &Broken{Forged, h.Number, err.Error()}
		}
	}
	v := &verifier{heads: heads, end: end}
	if err := v.pass(Entry{}); err != nil { // heads of the empty chain
		return v.sound, err
	}
	for e, err := range entries {
		if err == nil {
			err = v.take(e)
		}
		if err != nil {
			return v.sound, err
		}
	}
	switch {
	case len(v.heads) > 0:
		h := v.heads[0]
		return v.sound, &Broken{Cut, v.last.Number + 1, fmt.Sprintf("the journal ends with entry %d, but a head signed at %s has entry %d: "+
			"its end was cut off, or an older copy was put back", v.last.Number, stamp(h.At), h.Number)}
	case v.last.Number < end.Number:
		return v.sound, &Broken{Cut, v.last.Number + 1, fmt.Sprintf("the journal ends with entry %d, but its head names entry %d", v.last.Number, end.Number)}
	}
	return v.sound, nil
}

type verifier struct {
	last  Entry
	heads []Head // those that are still ahead
	end   Head   // where the database says that the chain ends; its number is 0 when it says nothing
	sound Sound
}

func (v *verifier) take(e Entry) error {
	next := v.last.Number + 1
	switch {
	case e.Number > next:
		return &Broken{Missing, next, fmt.Sprintf("entry %d is followed by entry %d", v.last.Number, e.Number)}
	case e.Number < next:
		return &Broken{Misplaced, next, fmt.Sprintf("entry %d stands behind entry %d", e.Number, v.last.Number)}
	case e.Hash != e.sum():
		return &Broken{Edited, next, "its content does not have the hash that stands beside it"}
	case e.Previous != v.last.Hash:
		return &Broken{Misplaced, next, fmt.Sprintf("it was written behind another entry %d than the one that stands there", v.last.Number)}
	}
	v.last = e
	v.sound.Entries, v.sound.Last = e.Number, e.Hash
	return v.pass(e)
}

// pass compares an entry with the heads that name it.
func (v *verifier) pass(e Entry) error {
	if v.end.Number == e.Number && v.end.Hash != e.Hash {
		return &Broken{Rewritten, e.Number, "it is not the entry that the head of the journal names"}
	}
	for len(v.heads) > 0 && v.heads[0].Number == e.Number {
		h := v.heads[0]
		if h.Hash != e.Hash {
			return &Broken{Rewritten, v.sound.Covered + 1, fmt.Sprintf("entries %d to %d are not those that the head signed at %s speaks of",
				v.sound.Covered+1, e.Number, stamp(h.At))}
		}
		v.heads = v.heads[1:]
		v.sound.Heads++
		v.sound.Covered = h.Number
		if h.At.After(v.sound.Until) {
			v.sound.Until = h.At
		}
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
