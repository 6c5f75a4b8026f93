package approval

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// Beyond says in words why the standing authorisation of an envelope does not let its alert go; empty when it does. It trusts
// nothing but the office's own configuration: not the row it came from, and not the record.
func (o *Office) Beyond(roll *Roll, in *alerting.Issued) []string {
	e := &in.Envelope
	if e.Standing == nil {
		return []string{"it names none"}
	}
	if err := roll.Authorised(e.Standing); err != nil {
		return []string{err.Error()}
	}
	id, err := StandingID(e.Standing)
	if err != nil {
		return []string{err.Error()}
	}
	at, ok := o.counted(e)
	if !ok {
		return []string{"the desk has not counted it against the rate"}
	}
	if why := o.withdrawnBy(roll, id, at); why != "" {
		return []string{why}
	}
	if e.Standing.Kind == Countersigned {
		return append(released(roll, e), within(&e.Standing.Bounds, in, at)...)
	}
	out := asSigned(in, at)
	out = append(out, ownOnly(in)...)
	// What a partner said he may take back at any time, whatever the bounds.
	if in.Alert.MsgType != cap.MsgCancel {
		out = append(out, within(&e.Standing.Bounds, in, at)...)
	}
	return out
}

// counted gives when the desk counted an alert against the rate of its standing authorisation.
func (o *Office) counted(e *alerting.Envelope) (time.Time, bool) {
	for _, a := range e.Approvals {
		if len(o.Desk.Public) == 0 || a.By != DeskName || a.Act != string(Unattended) || a.KeyID != o.Desk.ID() {
			continue
		}
		s, err := Over(e, Unattended, a.By, a.At)
		if err == nil && o.Desk.verify(s, a.Signature, Relying{}) == nil {
			return a.At, true
		}
	}
	return time.Time{}, false
}

// released says what the author of an alert that goes out before its countersignature lacks. His signature as author alone is
// never enough: he must have meant to send.
func released(roll *Roll, e *alerting.Envelope) []string {
	over := func(act Act) func(by string, at time.Time) (Statement, error) {
		return func(by string, at time.Time) (Statement, error) { return Over(e, act, by, at) }
	}
	var out []string
	if !slices.Contains(e.Standing.Operators, e.Author) {
		out = append(out, fmt.Sprintf("%q is not one of those who may release first", e.Author))
	}
	for _, act := range []Act{Author, Release} {
		if !roll.signed(e.Approvals, over(act), MayAuthor)[e.Author] {
			out = append(out, fmt.Sprintf("the author %q has not signed as %s", e.Author, act))
		}
	}
	return out
}

// asSigned says why a document is not what a pinned partner signed. Nothing but the signature element may differ.
func asSigned(in *alerting.Issued, at time.Time) []string {
	e := &in.Envelope
	original := e.Original
	if len(original) == 0 {
		original = e.Document
	}
	if len(original) > MostOriginal {
		return []string{fmt.Sprintf("the partner's document has %d bytes; at most %d can go out unattended", len(original), MostOriginal)}
	}
	if e.Author != e.Standing.Source {
		return []string{fmt.Sprintf("it came from %q, and not from %q", e.Author, e.Standing.Source)}
	}
	pinned, err := anchors(e.Standing)
	if err != nil {
		return []string{err.Error()}
	}
	report, err := dsig.Verify(original, dsig.Trust{Anchors: pinned, At: at})
	switch {
	case err != nil:
		return []string{"what the partner signed cannot be read: " + err.Error()}
	case len(report.Signatures) == 0:
		return []string{"no partner has signed it"}
	case !report.Trusted():
		return []string{"the partner's signature counts for nothing here: " + worst(report)}
	}
	stripped := dsig.Strip(e.Document)
	if !bytes.Equal(stripped, dsig.Strip(original)) && !bytes.Equal(stripped, report.Document) {
		return []string{"it is not, byte for byte, what the partner signed"}
	}
	if !saysTheSame(in.Alert, report.Document) {
		return []string{"it does not say what the partner signed"}
	}
	return nil
}

func worst(report *dsig.Report) string {
	for _, s := range report.Signatures {
		if s.Verdict != dsig.Trusted {
			return string(s.Verdict) + ": " + s.Reason
		}
	}
	return "untrusted"
}

// saysTheSame reports whether an alert says what was signed, element for element.
func saysTheSame(a *cap.Alert, signed []byte) bool {
	verified, err := cap.Parse(signed, cap.Options{MaxBytes: len(signed)})
	if err != nil {
		return false
	}
	one, err := cap.Write(a)
	if err != nil {
		return false
	}
	other, err := cap.Write(verified)
	return err == nil && bytes.Equal(one, other)
}

// ownOnly says why an alert is not the partner's own, or speaks of what is not.
func ownOnly(in *alerting.Issued) []string {
	sender := in.Envelope.Standing.Sender
	if in.Alert.Sender != sender {
		return []string{fmt.Sprintf("its sender is %q, and not %q", in.Alert.Sender, sender)}
	}
	for _, r := range in.Alert.References {
		if r.Sender != sender {
			return []string{fmt.Sprintf("it refers to an alert of %q, and may speak of its own only", r.Sender)}
		}
	}
	return nil
}

// within says what of an alert is beyond the bounds.
func within(b *alerting.StandingBounds, in *alerting.Issued, at time.Time) []string {
	var out []string
	beyond := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	e := &in.Envelope
	if at.Before(b.From) || !at.Before(b.Until) {
		beyond("it holds from %s until %s", b.From.UTC().Format(time.RFC3339), b.Until.UTC().Format(time.RFC3339))
	}
	if e.Counted.People > b.People {
		beyond("it reaches %d people, and %d are allowed", e.Counted.People, b.People)
	}
	if e.Counted.Sirens > b.Sirens {
		beyond("it reaches %d sirens, and %d are allowed", e.Counted.Sirens, b.Sirens)
	}
	wanted := e.Channels
	if len(wanted) == 0 {
		wanted = alerting.Channels()
	}
	for _, c := range wanted {
		if !slices.Contains(b.Channels, c) {
			beyond("it goes out on %s, and %v are allowed", c, b.Channels)
		}
	}
	return append(out, saidWithin(b, in.Alert)...)
}

// saidWithin is the part of within that the document says.
func saidWithin(b *alerting.StandingBounds, a *cap.Alert) []string {
	where, err := territory(b)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	if len(a.Infos) == 0 {
		return []string{"it has no info, so that nobody can tell what it is about"}
	}
	for i := range a.Infos {
		info := &a.Infos[i]
		beyond := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("info %d: ", i+1)+fmt.Sprintf(format, args...))
		}
		ceiling := cap.Severity(b.Severity)
		if rank := info.Severity.Rank(); rank == 0 || rank > ceiling.Rank() || info.Severity == cap.UnknownSeverity && ceiling != cap.Extreme {
			beyond("severity %s is beyond %s", info.Severity, ceiling)
		}
		if !hazard(b, info) {
			beyond("the hazard %v %q is not one of %v %q", info.Categories, info.Event, b.Categories, b.Events)
		}
		if len(info.Areas) == 0 || !where.Within(info.Areas) {
			beyond("not every area lies where it is allowed")
		}
	}
	return out
}

// hazard: an info has no category and no event beside those that are named.
func hazard(b *alerting.StandingBounds, info *cap.Info) bool {
	allowed := func(c cap.Category) bool { return slices.Contains(b.Categories, string(c)) }
	if len(b.Categories) > 0 && (len(info.Categories) == 0 || slices.ContainsFunc(info.Categories, func(c cap.Category) bool { return !allowed(c) })) {
		return false
	}
	if len(b.Events) == 0 {
		return true
	}
	return slices.ContainsFunc(b.Events, func(word string) bool {
		return strings.EqualFold(strings.TrimSpace(info.Event), strings.TrimSpace(word)) ||
			slices.ContainsFunc(info.EventCodes, func(v cap.Value) bool { return v.Value == word })
	})
}
