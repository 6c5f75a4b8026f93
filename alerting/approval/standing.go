package approval

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// The kinds of a standing authorisation.
const (
	// Countersigned: a named operator releases first, and a second one signs within a time.
	Countersigned = "countersign"
	// Alone: what a pinned partner signed goes out with nobody present.
	Alone = "unattended"
)

// The bounds of bounds.
const (
	longestStanding   = 366 * 24 * time.Hour
	longestCountersig = 24 * 60 // minutes
	mostCertificates  = 8
	mostPerHour       = 1000
	mostListed        = 1000
	mostPolygons      = 100
	mostPoints        = 1000
	longestWord       = 200
	longestWhy        = 4000
	// mostBytes bounds a standing authorisation as JSON: every alert under it carries it.
	mostBytes = 64 << 10
	// MostOriginal bounds what a partner signed and an envelope carries besides the document, in bytes.
	MostOriginal = 128 << 10
)

// bare is a standing authorisation as it is signed.
func bare(s alerting.StandingOrder) alerting.StandingOrder {
	second := func(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
	s.By, s.At, s.Bounds.From, s.Bounds.Until = nil, second(s.At), second(s.Bounds.From), second(s.Bounds.Until)
	return s
}

// authorising is the statement of an administrator on a standing authorisation.
func authorising(s alerting.StandingOrder, by string, at time.Time) (Statement, error) {
	return about(bare(s), Authorise, by, at)
}

// withdrawing is the statement of an operator on a withdrawal.
func withdrawing(w alerting.Withdrawal, by string, at time.Time) (Statement, error) {
	w.By, w.Enrolments, w.At = nil, nil, w.At.UTC().Truncate(time.Second)
	return about(w, Withdraw, by, at)
}

// StandingID names a standing authorisation: "s" and 32 hexadecimal digits of the SHA-256 of what is signed.
func StandingID(s *alerting.StandingOrder) (string, error) {
	text, err := json.Marshal(bare(*s))
	if err != nil {
		return "", fmt.Errorf("standing authorisation: %w: %w", alerting.ErrInvalid, err)
	}
	sum := sha256.Sum256(text)
	return "s" + hex.EncodeToString(sum[:16]), nil
}

// SignStanding is an administrator's signature on a standing authorisation.
func SignStanding(s Signer, v alerting.StandingOrder, by string, at time.Time) (alerting.Approval, error) {
	st, err := authorising(v, by, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}

// SignWithdrawal is an operator's signature on a withdrawal.
func SignWithdrawal(s Signer, w alerting.Withdrawal, by string, at time.Time) (alerting.Approval, error) {
	st, err := withdrawing(w, by, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}

// SignUnattended is the desk's signature on an alert that it counted against the rate of the envelope's standing authorisation.
func SignUnattended(s Signer, e *alerting.Envelope, at time.Time) (alerting.Approval, error) {
	st, err := Over(e, Unattended, DeskName, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}

// Withdrawals hands in all withdrawals that are known by now.
func (o *Office) Withdrawals(all []alerting.Withdrawal) { o.withdrawn.Store(&all) }

// Authorised says why a standing authorisation counts for nothing by itself: it must be whole, and two administrators must
// have signed it. Whether it was withdrawn is asked apart.
func (r *Roll) Authorised(s *alerting.StandingOrder) error {
	if err := CheckStanding(s); err != nil {
		return err
	}
	who := r.signed(s.By, func(by string, at time.Time) (Statement, error) { return authorising(*s, by, at) }, MayAdminister)
	if len(who) < signers {
		return fmt.Errorf("standing authorisation %q: %w", s.Name, alerting.Refuse(alerting.ErrForbidden, "standing.signatures", "%d of %d signatures of different administrators", len(who), signers))
	}
	return nil
}

// Withdrawn reports whether a withdrawal is signed by somebody who may stop or administer.
func (r *Roll) Withdrawn(w alerting.Withdrawal) error {
	roll, _ := r.With(w.Enrolments)
	over := func(by string, at time.Time) (Statement, error) { return withdrawing(w, by, at) }
	if len(roll.signed(w.By, over, MayStop)) == 0 && len(roll.signed(w.By, over, MayAdminister)) == 0 {
		return fmt.Errorf("withdrawal of %.40q: %w", w.Standing, alerting.Refuse(alerting.ErrForbidden, "standing.withdraw-unsigned", "nobody has signed it who may stop or administer"))
	}
	return nil
}

// withdrawnBy says why a standing authorisation was good for nothing at a time; nil when it was. A strict roll counts
// every withdrawal, and another one those that were made by then.
func (o *Office) withdrawnBy(roll *Roll, id string, at time.Time) error {
	all := o.withdrawn.Load()
	if all == nil {
		return nil
	}
	for _, w := range *all {
		if w.Standing != id || !roll.strict && at.Before(w.At.UTC().Truncate(time.Second)) {
			continue
		}
		if roll.Withdrawn(w) == nil {
			return because("beyond.withdrawn", "it was withdrawn at %s: %s", w.At.UTC().Format(time.RFC3339), w.Reason)
		}
	}
	return nil
}

// CheckStanding says what is wrong with a standing authorisation, signatures apart.
func CheckStanding(s *alerting.StandingOrder) error {
	wrong := func(code, format string, args ...any) error {
		return fmt.Errorf("standing authorisation %.40q: %w", s.Name, alerting.Refuse(alerting.ErrInvalid, code, format, args...))
	}
	switch {
	case !nameForm.MatchString(s.Name):
		return wrong("name.form", "a name is letters, digits, spaces and .@_-, at most 64")
	case strings.TrimSpace(s.Reason) == "" || len(s.Reason) > longestWhy:
		return wrong("reason.missing", "say why, in at most %d bytes", longestWhy)
	}
	var err error
	switch s.Kind {
	case Countersigned:
		err = checkCountersigned(s)
	case Alone:
		err = checkAlone(s)
	default:
		err = because("bounds.kind", "kind %q: want %s or %s", s.Kind, Countersigned, Alone)
	}
	if err == nil {
		err = checkBounds(&s.Bounds)
	}
	if text, bad := json.Marshal(s); err == nil && (bad != nil || len(text) > mostBytes) {
		err = because("bounds.large", "it has %d bytes; at most %d: use fewer points and words", len(text), mostBytes)
	}
	if err != nil {
		return wrong("standing.form", "%v", err)
	}
	return nil
}

func checkCountersigned(s *alerting.StandingOrder) error {
	switch {
	case len(s.Operators) == 0 || len(s.Operators) > mostListed || slices.ContainsFunc(s.Operators, func(n string) bool { return !nameForm.MatchString(n) }):
		return because("bounds.operators", "operators: name those who may release first")
	case s.CountersignWithin < 1 || s.CountersignWithin > longestCountersig:
		return because("bounds.countersign", "countersign_within %d: want 1 to %d minutes", s.CountersignWithin, longestCountersig)
	case s.Source != "" || s.Sender != "" || len(s.Certificates) > 0:
		return because("bounds.not-partners", "source, sender and certificates are for the kind %s", Alone)
	}
	return nil
}

func checkAlone(s *alerting.StandingOrder) error {
	switch {
	case s.Source == "" || s.Sender == "":
		return because("bounds.source", "source and sender: name the source of the inbox, and the CAP sender of its alerts")
	case len(s.Certificates) == 0 || len(s.Certificates) > mostCertificates:
		return because("bounds.certificates", "certificates: want 1 to %d", mostCertificates)
	case len(s.Operators) > 0 || s.CountersignWithin != 0:
		return because("bounds.not-operators", "operators and countersign_within are for the kind %s", Countersigned)
	}
	_, err := anchors(s)
	return err
}

func anchors(s *alerting.StandingOrder) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for i, der := range s.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, because("bounds.certificate", "certificate %d cannot be read: want X.509 in DER", i+1)
		}
		out = append(out, c)
	}
	return out, nil
}

// Fingerprint is how people compare certificates: SHA-256 of its DER in hexadecimal.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func checkBounds(b *alerting.StandingBounds) error {
	longWord := func(w string) bool { return strings.TrimSpace(w) == "" || len(w) > longestWord }
	known := func(c string) bool { return slices.Contains(cap.Categories(), cap.Category(c)) }
	switch {
	case len(b.Categories)+len(b.Events) == 0 || len(b.Categories)+len(b.Events) > mostListed:
		return because("bounds.hazards", "categories and events: name the hazards, at most %d", mostListed)
	case slices.ContainsFunc(b.Categories, func(c string) bool { return !known(c) }):
		return because("bounds.category", "categories %v: want some of %v", words(b.Categories), alerting.Terms(cap.Categories()))
	case slices.ContainsFunc(b.Events, longWord):
		return because("bounds.event", "events: a word has 1 to %d bytes", longestWord)
	case cap.Severity(b.Severity).Rank() == 0 || b.Severity == string(cap.UnknownSeverity):
		return because("bounds.severity", "severity %q: name the highest: Minor, Moderate, Severe or Extreme", b.Severity)
	case len(b.Channels) == 0 || slices.ContainsFunc(b.Channels, func(c alerting.Channel) bool { return !slices.Contains(alerting.Channels(), c) }):
		return because("bounds.channels", "channels %v: name those that are allowed, some of %v", alerting.Terms(b.Channels), alerting.Terms(alerting.Channels()))
	case len(b.Codes)+len(b.Polygons) == 0 || len(b.Codes) > mostListed || len(b.Polygons) > mostPolygons:
		return because("bounds.area", "codes and polygons: name where, with at most %d codes and %d polygons", mostListed, mostPolygons)
	case b.People < 0 || b.Sirens < 0 || b.People+b.Sirens == 0:
		return because("bounds.most", "people %d and sirens %d: name the most that one alert may reach", b.People, b.Sirens)
	case b.PerHour < 1 || b.PerHour > mostPerHour || b.Burst < 1 || b.Burst > b.PerHour:
		return because("bounds.rate", "per_hour %d and burst %d: want 1 to %d, and a burst of no more than that", b.PerHour, b.Burst, mostPerHour)
	case b.From.IsZero() || !b.Until.After(b.From) || b.Until.Sub(b.From) > longestStanding:
		return because("bounds.times", "from %s until %s: want a time of at most a year", b.From.Format(time.RFC3339), b.Until.Format(time.RFC3339))
	}
	_, err := territory(b)
	return err
}

// territory is where a standing authorisation is good.
func territory(b *alerting.StandingBounds) (*cap.Territory, error) {
	var u cap.Unit
	for _, text := range b.Codes {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, because("bounds.code", "code %.60q: want NAME=VALUE", text)
		}
		u.Codes = append(u.Codes, cap.Value{Name: name, Value: value})
	}
	for i, points := range b.Polygons {
		if len(points) > mostPoints {
			return nil, because("bounds.points", "polygon %d has %d points; at most %d", i+1, len(points), mostPoints)
		}
		var p cap.Polygon
		for _, at := range points {
			p = append(p, cap.Point{Lat: at[0], Lon: at[1]})
		}
		u.Polygons = append(u.Polygons, p)
	}
	where, err := cap.NewTerritory([]cap.Unit{u})
	if err != nil {
		return nil, because("bounds.shape", "polygons: one of them is no usable area: %v", err)
	}
	return where, nil
}

// Useless says why a standing authorisation counts for nothing at a time; nil when it counts.
func (o *Office) Useless(roll *Roll, s *alerting.StandingOrder, at time.Time) error {
	if err := roll.Authorised(s); err != nil {
		return err
	}
	id, err := StandingID(s)
	if err != nil {
		return err
	}
	if err := o.withdrawnBy(roll, id, at); err != nil {
		return err
	}
	return holdsAt(&s.Bounds, at)
}
