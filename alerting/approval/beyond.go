package approval

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// Beyond says why the standing authorisation of an envelope does not let its alert go; empty when it does. It trusts
// nothing but the office's own configuration: not the row it came from, and not the record.
func (o *Office) Beyond(roll *Roll, in *alerting.Issued) alerting.Several {
	e := &in.Envelope
	if e.Standing == nil {
		return lone(because("beyond.no-standing", "it names no standing authorisation"))
	}
	if err := roll.Authorised(e.Standing); err != nil {
		return lone(err)
	}
	id, err := StandingID(e.Standing)
	if err != nil {
		return lone(err)
	}
	at, ok := o.counted(e)
	if !ok {
		return lone(because("beyond.uncounted", "the desk has not counted it against the rate"))
	}
	if err := o.withdrawnBy(roll, id, at); err != nil {
		return lone(err)
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

// because is a refusal of no kind: one reason why a standing authorisation does not hold, or not for an alert.
func because(code, format string, values ...any) error {
	return alerting.Refuse(nil, code, format, values...)
}

// lone is one reason by itself.
func lone(err error) alerting.Several { return alerting.Several{err} }

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
func released(roll *Roll, e *alerting.Envelope) alerting.Several {
	over := func(act Act) func(by string, at time.Time) (Statement, error) {
		return func(by string, at time.Time) (Statement, error) { return Over(e, act, by, at) }
	}
	var out alerting.Several
	if !slices.Contains(e.Standing.Operators, e.Author) {
		out = append(out, because("beyond.not-named", "%q is not one of those who may release first", e.Author))
	}
	for _, act := range []Act{Author, Release} {
		if !roll.signed(e.Approvals, over(act), MayAuthor)[e.Author] {
			out = append(out, because("beyond.not-signed", "the author %q has not signed as %s", e.Author, alerting.Term(act)))
		}
	}
	return out
}

// asSigned says why a document is not what a pinned partner signed. Nothing but the signature element may differ.
func asSigned(in *alerting.Issued, at time.Time) alerting.Several {
	e := &in.Envelope
	original := e.Original
	if len(original) == 0 {
		original = e.Document
	}
	if len(original) > MostOriginal {
		return lone(because("beyond.large", "the partner's document has %d bytes; at most %d can go out unattended", len(original), MostOriginal))
	}
	if e.Author != e.Standing.Source {
		return lone(because("beyond.source", "it came from %q, and not from %q", e.Author, e.Standing.Source))
	}
	pinned, err := anchors(e.Standing)
	if err != nil {
		return lone(err)
	}
	report, err := dsig.Verify(original, dsig.Trust{Anchors: pinned, At: at})
	switch {
	case err != nil:
		return lone(because("beyond.unreadable", "what the partner signed cannot be read: %v", err))
	case len(report.Signatures) == 0:
		return lone(because("beyond.unsigned", "no partner has signed it"))
	case !report.Trusted():
		bad := worst(report)
		return lone(because("beyond.untrusted", "the partner's signature counts for nothing here: %s: %s", alerting.Term(bad.Verdict), bad.Reason))
	}
	stripped := dsig.Strip(e.Document)
	if !bytes.Equal(stripped, dsig.Strip(original)) && !bytes.Equal(stripped, report.Document) {
		return lone(because("beyond.other-bytes", "it is not, byte for byte, what the partner signed"))
	}
	if !saysTheSame(in.Alert, report.Document) {
		return lone(because("beyond.other-words", "it does not say what the partner signed"))
	}
	return nil
}

// worst is the first signature that is not trusted.
func worst(report *dsig.Report) dsig.Signature {
	for _, s := range report.Signatures {
		if s.Verdict != dsig.Trusted {
			return s
		}
	}
	return dsig.Signature{Verdict: dsig.Untrusted}
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
func ownOnly(in *alerting.Issued) alerting.Several {
	sender := in.Envelope.Standing.Sender
	if in.Alert.Sender != sender {
		return lone(because("beyond.sender", "its sender is %q, and not %q", in.Alert.Sender, sender))
	}
	for _, r := range in.Alert.References {
		if r.Sender != sender {
			return lone(because("beyond.reference", "it refers to an alert of %q, and may speak of its own only", r.Sender))
		}
	}
	return nil
}

// within says what of an alert is beyond the bounds.
func within(b *alerting.StandingBounds, in *alerting.Issued, at time.Time) alerting.Several {
	var out alerting.Several
	e := &in.Envelope
	if err := holdsAt(b, at); err != nil {
		out = append(out, err)
	}
	if e.Counted.People > b.People {
		out = append(out, because("beyond.people", "it reaches %d people, and %d are allowed", e.Counted.People, b.People))
	}
	if e.Counted.Sirens > b.Sirens {
		out = append(out, because("beyond.sirens", "it reaches %d sirens, and %d are allowed", e.Counted.Sirens, b.Sirens))
	}
	wanted := e.Channels
	if len(wanted) == 0 {
		wanted = alerting.Channels()
	}
	for _, c := range wanted {
		if !slices.Contains(b.Channels, c) {
			out = append(out, because("beyond.channel", "it goes out on %s, and %v are allowed", alerting.Term(c), alerting.Terms(b.Channels)))
		}
	}
	return append(out, saidWithin(b, in.Alert)...)
}

// holdsAt says that bounds do not hold at a time; nil when they do.
func holdsAt(b *alerting.StandingBounds, at time.Time) error {
	if at.Before(b.From) || !at.Before(b.Until) {
		return because("beyond.time", "it holds from %s until %s", b.From.UTC().Format(time.RFC3339), b.Until.UTC().Format(time.RFC3339))
	}
	return nil
}

// saidWithin is the part of within that the document says.
func saidWithin(b *alerting.StandingBounds, a *cap.Alert) alerting.Several {
	where, err := territory(b)
	if err != nil {
		return lone(err)
	}
	var out alerting.Several
	if len(a.Infos) == 0 {
		return lone(because("beyond.no-info", "it has no info, so that nobody can tell what it is about"))
	}
	for i := range a.Infos {
		info := &a.Infos[i]
		ceiling := cap.Severity(b.Severity)
		if rank := info.Severity.Rank(); rank == 0 || rank > ceiling.Rank() || info.Severity == cap.UnknownSeverity && ceiling != cap.Extreme {
			out = append(out, because("beyond.severity", "info %d: severity %s is beyond %s", i+1, alerting.Term(info.Severity), alerting.Term(ceiling)))
		}
		if !hazard(b, info) {
			out = append(out, because("beyond.hazard", "info %d: the hazard %v %q is not one of %v %v", i+1, alerting.Terms(info.Categories), info.Event,
				alerting.Terms(b.Categories), words(b.Events)))
		}
		if len(info.Areas) == 0 || !where.Within(info.Areas) {
			out = append(out, because("beyond.area", "info %d: not every area lies where it is allowed", i+1))
		}
	}
	return out
}

// words are texts as a sentence names them: quoted, and parted by commas.
type words []string

// String parts them as English does.
func (w words) String() string { return quotedBy(w, `"`, `"`, ", ") }

// Chinese parts them as Chinese does.
func (w words) Chinese() string { return quotedBy(w, "“", "”", "、") }

func quotedBy(all []string, open, shut, between string) string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = open + one + shut
	}
	return strings.Join(out, between)
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
