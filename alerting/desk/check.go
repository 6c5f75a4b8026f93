package desk

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// Check reads a document as Issue would, without looking at what was issued before, and issues nothing. All that is
// wrong is in the error: alerting.ErrInvalid and a cap.Findings. That it has expired is not: the same document may have
// been issued in time; Issue looks at that.
func (d *Desk) Check(document []byte, o Order) (*alerting.Issued, error) {
	return d.check(document, o, d.limits())
}

func (d *Desk) check(document []byte, o Order, limits cap.Options) (*alerting.Issued, error) {
	a, read := cap.Inspect(document, limits)
	if a == nil {
		return nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, read)
	}
	now := d.Now().Round(0).UTC()
	read = strictly(a, read)
	own := d.rules(a, o, now)
	expires, path := d.expiryOf(a, now)
	if read.Err() != nil || len(own) > 0 {
		// It is refused in any case, so everything is said at once.
		if !now.Before(expires) {
			own = append(own, expired(expires, path))
		}
		own = slices.DeleteFunc(own, func(f cap.Finding) bool { return spokenOf(read, f.Path) })
		return nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, cap.Merge(document, d.limits(), read, own))
	}
	// rules has looked at the status.
	world, err := alerting.WorldOf(a.Status)
	if err != nil {
		return nil, err
	}
	ends, expires := alerting.Ends(a, now, d.Lifetime)
	in := &alerting.Issued{ID: alerting.IDOf(a), Alert: a, Expires: expires, Ends: ends, Lane: alerting.LaneOf(a), Origin: o.Origin,
		Envelope: alerting.Envelope{World: world, Document: document, Digest: sha256.Sum256(document), Actor: o.Actor,
			Channels: o.Channels, Audience: o.Audience, Window: o.Window, Issued: now}}
	if err := d.checkWindow(in); err != nil {
		return nil, err
	}
	for _, r := range a.References {
		if id := alerting.IDOfReference(r); !slices.Contains(in.References, id) {
			in.References = append(in.References, id)
		}
	}
	return in, nil
}

// limits are those under which documents are read, and the profile that they must keep.
func (d *Desk) limits() cap.Options { return cap.Options{MaxBytes: d.MaxBytes, Profile: d.Profile} }

// spokenOf reports whether reading found an error in an element: what the desk would say of it is then beside the point.
// The alert as a whole is no such element.
func spokenOf(read cap.Findings, path string) bool {
	return path != "alert" && slices.ContainsFunc(read, func(f cap.Finding) bool { return f.Path == path && f.Level == cap.LevelError })
}

// rules applies the desk's own rules, which need nothing that was issued before.
func (d *Desk) rules(a *cap.Alert, o Order, now time.Time) cap.Findings {
	var found cap.Findings
	if o.Actor.Name == "" {
		found = append(found, finding("desk.actor", "", "alert", "nobody is named who issues this"))
	}
	for _, ch := range o.Channels {
		if !slices.Contains(alerting.Channels(), ch) {
			found = append(found, finding("desk.channel", "", "alert", fmt.Sprintf("there is no channel %q", ch)))
		}
	}
	if _, err := alerting.WorldOf(a.Status); err != nil {
		found = append(found, finding("desk.status", "CAP 1.2 §3.2.1 status", "alert/status",
			fmt.Sprintf("status %s is not for the public; write Actual, Exercise or Test", a.Status)))
	}
	switch a.MsgType {
	case cap.MsgAlert, cap.MsgUpdate, cap.MsgCancel:
	default:
		found = append(found, finding("desk.msgtype", "CAP 1.2 §3.2.1 msgType", "alert/msgType",
			fmt.Sprintf("a message of type %s speaks to other systems and is not for the public; write Alert, Update or Cancel", a.MsgType)))
	}
	found = append(found, d.checkReferences(a)...)
	found = append(found, checkEffective(a, now)...)
	found = append(found, checkExtent(a)...)
	found = append(found, checkMarks(a)...)
	expires, path := d.expiryOf(a, now)
	if valid := expires.Sub(now); valid > d.MaxValidity {
		found = append(found, finding("desk.validity", "CAP 1.2 §3.2.2 expires", path,
			fmt.Sprintf("it would be valid for %s; at most %s are possible", valid.Round(time.Minute), d.MaxValidity)))
	}
	return found
}

// checkEffective: an alert goes out as one, when all of its infos have taken effect. If one of them could go out sooner it
// would be kept waiting by the others, and a warning must not wait for no reason; so infos that take effect at different
// times, some of them ahead, belong into alerts of their own. A Cancel stops at once, whatever its infos say.
func checkEffective(a *cap.Alert, now time.Time) cap.Findings {
	if a.MsgType == cap.MsgCancel {
		return nil
	}
	last := alerting.Effective(a)
	for i := range a.Infos {
		if from := a.Infos[i].Effective; last.After(now) && !from.Equal(last) {
			return cap.Findings{finding("desk.effective", "CAP 1.2 §3.2.2 effective", fmt.Sprintf("alert/info[%d]/effective", i+1),
				fmt.Sprintf("this info takes effect before another one does (%s): give all infos the same effective, or issue them as alerts of their own",
					last.Format(time.RFC3339)))}
		}
	}
	return nil
}

// checkReferences: an Update or Cancel names what it is about, and no message names itself.
func (d *Desk) checkReferences(a *cap.Alert) cap.Findings {
	const clause, path = "CAP 1.2 §3.2.1 references", "alert/references"
	var found cap.Findings
	if (a.MsgType == cap.MsgUpdate || a.MsgType == cap.MsgCancel) && len(a.References) == 0 {
		found = append(found, finding("desk.references", clause, path,
			fmt.Sprintf("a message of type %s must refer to the messages it is about", a.MsgType)))
	}
	for _, r := range a.References {
		if alerting.IDOfReference(r) == alerting.IDOf(a) {
			found = append(found, finding("desk.references.self", clause, path, "the message refers to itself"))
		}
	}
	return found
}

// expiryOf is when the last info ends, and the path of the element that says so; what states no end lives for the
// configured lifetime from its issue.
func (d *Desk) expiryOf(a *cap.Alert, issued time.Time) (last time.Time, path string) {
	path = "alert/info"
	for i := range a.Infos {
		end := a.Infos[i].Expires
		if end.IsZero() {
			end = issued.Add(d.Lifetime)
		}
		if end.After(last) {
			last, path = end, fmt.Sprintf("alert/info[%d]/expires", i+1)
		}
	}
	if last.IsZero() {
		return issued.Add(d.Lifetime), path
	}
	return last, path
}

func expired(at time.Time, path string) cap.Finding {
	return finding("desk.expired", "CAP 1.2 §3.2.2 expires", path,
		"it expired at "+at.Format("2006-01-02 15:04:05 -07:00")+" and would reach nobody")
}

// A sent so far from now is probably a slip: an old file, or a wrong clock.
const (
	oldSent    = 24 * time.Hour
	futureSent = 5 * time.Minute
)

// Remarks are the warnings and the advice on an alert that may be issued, in the order of its document.
func (d *Desk) Remarks(in *alerting.Issued) cap.Findings {
	_, read := cap.ParseAll(in.Envelope.Document, d.limits())
	var own cap.Findings
	advise := func(id, message string) {
		own = append(own, cap.Finding{ID: id, Clause: "CAP 1.2 §3.2.1 sent", Path: "alert/sent", Message: message, Level: cap.LevelAdvice})
	}
	switch back := d.Now().Sub(in.Alert.Sent); {
	case back > oldSent:
		advise("desk.sent.old", fmt.Sprintf("sent lies %.0f days back: check that this is the document you mean", back.Hours()/24))
	case back < -futureSent:
		advise("desk.sent.future", fmt.Sprintf("sent lies %s ahead, which delays nothing: to have it told later, write effective",
			(-back).Round(time.Minute)))
	}
	if f, due := d.certificateRemark(); due {
		own = append(own, f)
	}
	if d.Advise != nil {
		own = append(own, d.Advise(in)...)
	}
	return cap.Merge(in.Envelope.Document, d.limits(), read, own)
}

func finding(id, clause, path, message string) cap.Finding {
	return cap.Finding{ID: id, Clause: clause, Path: path, Message: message, Level: cap.LevelError}
}

// refuse is an error with findings, each with its line in the document.
func (d *Desk) refuse(document []byte, found ...cap.Finding) error {
	return fmt.Errorf("%w: %w", alerting.ErrInvalid, cap.Merge(document, d.limits(), nil, found))
}
