package approval

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// ErrWindow is why a test may not leave through a live gateway at present; it is alerting.ErrForbidden.
var ErrWindow = fmt.Errorf("%w: no public test", alerting.ErrForbidden)

// closingsKnownFor is how long it is believed which windows are open. Whoever has not been able to ask for longer sends no
// test to the public: a test can wait, and one that was called off must not go on.
const closingsKnownFor = 30 * time.Second

// closings are the windows that were closed before their time, as they were known at a time.
type closings struct {
	ids []string
	at  time.Time
}

// CloseWindows hands in the ids of all windows that were closed, as read at a time. A closing is believed unsigned: it can
// only keep a test in.
func (o *Office) CloseWindows(ids []string, at time.Time) { o.closed.Store(&closings{ids, at}) }

// Leaves reports whether an alert may leave through a live gateway of a channel at a time: actual ones always, exercises
// never, and tests only in a public-test window that the alert names, that two operators have signed, that was not closed,
// and that holds channel, siren groups and every area. Otherwise it is ErrWindow with the reason. Fan-out, workers and adapters each
// ask it. A nil office knows no window.
func (o *Office) Leaves(in *alerting.Issued, ch alerting.Channel, now time.Time) error {
	switch e := &in.Envelope; {
	case e.World == alerting.Actual:
		return nil
	case e.World != alerting.Test:
		return stays("stays.world", "the world %s never leaves through a live gateway", alerting.Term(e.World))
	case e.Window == nil:
		return stays("stays.unnamed", "this test names no window")
	case o == nil:
		return stays("stays.no-operators", "this office has no operators who could open a window")
	}
	if err := o.opened(in.Envelope.Window, in.Envelope.Enrolments, now); err != nil {
		return err
	}
	return Fits(in, ch)
}

// opened reports whether a window is signed and open at a time.
func (o *Office) opened(w *alerting.TestWindow, enrolments []alerting.Enrolment, now time.Time) error {
	roll, _ := o.Roll(enrolments)
	if err := roll.Strict().Opened(*w); err != nil {
		return stays("stays.unsigned", "it is not opened: %v", err)
	}
	c := o.closed.Load()
	switch {
	case now.Before(w.From):
		return stays("stays.ahead", "window %s opens at %s", w.ID, w.From.UTC().Format(time.RFC3339))
	case !now.Before(w.Until):
		return stays("stays.over", "window %s ended at %s", w.ID, w.Until.UTC().Format(time.RFC3339))
	case c == nil || now.Sub(c.at) > closingsKnownFor:
		return stays("stays.unasked", "it cannot be asked whether window %s was closed", w.ID)
	case slices.Contains(c.ids, w.ID):
		return stays("stays.closed", "window %s was closed", w.ID)
	}
	return nil
}

// stays is ErrWindow with why a test stays in the house.
func stays(code, format string, values ...any) error {
	return alerting.Refuse(ErrWindow, code, format, values...)
}

// Fits reports whether a test keeps within its window on a channel, whenever that may be.
func Fits(in *alerting.Issued, ch alerting.Channel) error {
	w := in.Envelope.Window
	if !slices.Contains(w.Channels, ch) {
		return stays("stays.other-channel", "window %s is not for the channel %s", w.ID, alerting.Term(ch))
	}
	if ch == alerting.Siren && len(w.Groups) > 0 {
		asked := in.Envelope.Audience.Groups
		if len(asked) == 0 || slices.ContainsFunc(asked, func(g string) bool { return !slices.Contains(w.Groups, g) }) {
			return stays("stays.other-groups", "window %s is for the siren groups %s only: name some of them in the order", w.ID, words(w.Groups))
		}
	}
	territory, err := territoryOf(w)
	if err != nil {
		return stays("stays.shape", "window %s has no usable area: %v", w.ID, err)
	}
	// A Cancel without infos speaks of no place: it is for those who were told.
	if found := territory.Outside(in.Alert); len(found) > 0 {
		return stays("stays.other-area", "window %s does not hold every area of the alert: %s lies outside", w.ID, found[0].Path)
	}
	return nil
}

// territoryOf is the area of a window.
func territoryOf(w *alerting.TestWindow) (*cap.Territory, error) {
	var u cap.Unit
	for _, c := range w.Codes {
		name, value, ok := strings.Cut(c, "=")
		if !ok {
			return nil, alerting.Refuse(alerting.ErrInvalid, "window.code", "code %q: want NAME=VALUE", c)
		}
		u.Codes = append(u.Codes, cap.Value{Name: name, Value: value})
	}
	for _, ring := range w.Polygons {
		var p cap.Polygon
		for _, at := range ring {
			p = append(p, cap.Point{Lat: at[0], Lon: at[1]})
		}
		u.Polygons = append(u.Polygons, p)
	}
	t, err := cap.NewTerritory([]cap.Unit{u})
	if err != nil {
		return nil, alerting.Refuse(alerting.ErrInvalid, "window.shape", "area: it is not usable: %v", err)
	}
	return t, nil
}

// windowForm is that of a window's id, windowNote the most characters of its note, and windowParts the most of its codes,
// polygons and groups together: a window travels with every alert that uses it.
var windowForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

const (
	windowNote  = 500
	windowParts = 200
)

// CheckWindow says what is wrong with a window, whoever has signed it.
func CheckWindow(w alerting.TestWindow) error {
	wrong := func(code, format string, args ...any) error {
		return fmt.Errorf("window %.64q: %w", w.ID, alerting.Refuse(alerting.ErrInvalid, code, format, args...))
	}
	siren := slices.Contains(w.Channels, alerting.Siren)
	switch {
	case !windowForm.MatchString(w.ID):
		return wrong("window.id", "an id is letters, digits and ._-, at most 64")
	case !w.Until.After(w.From) || w.Until.Sub(w.From) > alerting.MaxWindow:
		return wrong("window.times", "until must follow from, by at most %s", alerting.MaxWindow)
	case len(w.Channels) == 0:
		return wrong("window.no-channel", "it names no channel: want some of %v", alerting.Terms(alerting.Channels()))
	case len(w.Codes)+len(w.Polygons) == 0:
		return wrong("window.no-area", "it names no area: want codes or polygons")
	case len(w.Codes)+len(w.Polygons)+len(w.Groups) > windowParts || len([]rune(w.Note)) > windowNote:
		return wrong("window.parts", "at most %d codes, polygons and groups, and %d characters of note", windowParts, windowNote)
	case siren && !slices.Contains(alerting.TestTones(), w.Programme):
		return wrong("window.programme", "programme %q: with the channel siren want one of %v", w.Programme, alerting.TestTones())
	case siren && (w.Seconds < 1 || w.Seconds > int(alerting.MaxTone/time.Second)):
		return wrong("window.seconds", "seconds %d: want 1 to %d", w.Seconds, int(alerting.MaxTone/time.Second))
	case !siren && (w.Programme != "" || w.Seconds != 0 || len(w.Groups) > 0):
		return wrong("window.siren-only", "groups, programme and seconds are for the channel siren, which it does not name")
	}
	for _, ch := range w.Channels {
		if !slices.Contains(alerting.Channels(), ch) {
			return wrong("window.channel", "channel %q: want some of %v", ch, alerting.Terms(alerting.Channels()))
		}
	}
	if _, err := territoryOf(&w); err != nil {
		return fmt.Errorf("window %s: %w", w.ID, err)
	}
	return nil
}

// Opened reports whether a window is well formed and two different operators who may approve have signed it.
func (r *Roll) Opened(w alerting.TestWindow) error {
	if err := CheckWindow(w); err != nil {
		return err
	}
	who := r.signed(w.By, func(by string, at time.Time) (Statement, error) { return openingWindow(w, by, at) }, MayApprove)
	if len(who) < signers {
		return fmt.Errorf("window %s: %w", w.ID, alerting.Refuse(alerting.ErrForbidden, "window.signatures", "%d of %d signatures of different operators who may approve", len(who), signers))
	}
	return nil
}

// Closed reports whether an operator who may approve has signed a closing.
func (r *Roll) Closed(c alerting.WindowClosing) error {
	who := r.signed(c.By, func(by string, at time.Time) (Statement, error) { return closingWindow(c, by, at) }, MayApprove)
	if len(who) == 0 {
		return fmt.Errorf("closing of window %.64q: %w", c.Window, alerting.Refuse(alerting.ErrForbidden, "window.close-unsigned", "no operator who may approve has signed it"))
	}
	return nil
}

// VerifyWindow says why a signature on a window cannot be taken: only those of operators who may approve count.
func (r *Roll) VerifyWindow(w alerting.TestWindow, a alerting.Approval) error {
	return r.verify(a, OpenWindow, MayApprove, "a window", func(by string, at time.Time) (Statement, error) { return openingWindow(w, by, at) })
}

// OverWindow is the statement of an operator on a window, for keys that sign elsewhere: a passkey signs its digest.
func OverWindow(w alerting.TestWindow, by string, at time.Time) (Statement, error) {
	return openingWindow(w, by, at)
}

// OverClosing is the statement of an operator on the end of a window.
func OverClosing(c alerting.WindowClosing, by string, at time.Time) (Statement, error) {
	return closingWindow(c, by, at)
}

// WindowDigest is the SHA-256 of a window without its signatures, in hexadecimal: what those who open it sign.
func WindowDigest(w alerting.TestWindow) (string, error) { return windowOf(&w) }

// openingWindow is the statement of an operator on a window.
func openingWindow(w alerting.TestWindow, by string, at time.Time) (Statement, error) {
	return about(unsigned(w), OpenWindow, by, at)
}

// closingWindow is the statement of an operator on the end of one.
func closingWindow(c alerting.WindowClosing, by string, at time.Time) (Statement, error) {
	c.By, c.At = nil, c.At.UTC().Truncate(time.Second)
	return about(c, CloseWindow, by, at)
}

// unsigned is a window as it is signed: without signatures, times in whole seconds, and lists in order.
func unsigned(w alerting.TestWindow) alerting.TestWindow {
	w.By, w.From, w.Until = nil, w.From.UTC().Truncate(time.Second), w.Until.UTC().Truncate(time.Second)
	w.Channels, w.Codes, w.Groups = sorted(w.Channels), sorted(w.Codes), sorted(w.Groups)
	return w
}

// windowOf is the digest of a window in statements on an alert; empty for none.
func windowOf(w *alerting.TestWindow) (string, error) {
	if w == nil {
		return "", nil
	}
	s, err := openingWindow(*w, "", time.Time{})
	return s.Subject, err
}

// SameWindow reports whether two alerts belong to the same public test, or both to none.
func SameWindow(a, b *alerting.TestWindow) bool {
	one, err := windowOf(a)
	other, more := windowOf(b)
	return errors.Join(err, more) == nil && one == other
}

// demands are the policy's rules for an alert. A test that may reach the public needs an approval, though the policy lets
// tests that stay in the house go without.
func (o *Office) demands(in *alerting.Issued) []Rule {
	rules := o.Policy.Demands(in.Alert, &in.Envelope)
	if in.Envelope.Window != nil && !slices.ContainsFunc(rules, func(r Rule) bool { return r.Approvals > 0 }) {
		rules = append(rules, Rule{ID: "public-test", Approvals: 1})
	}
	return rules
}

// SignWindow is an operator's signature on a window.
func SignWindow(s Signer, w alerting.TestWindow, by string, at time.Time) (alerting.Approval, error) {
	st, err := openingWindow(w, by, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}

// SignClosing is an operator's signature on the end of a window.
func SignClosing(s Signer, c alerting.WindowClosing, by string, at time.Time) (alerting.Approval, error) {
	st, err := closingWindow(c, by, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}
