package approval

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
)

// Right is what a key's signatures are good for.
type Right string

// The rights.
const (
	MayAuthor     Right = "author"
	MayApprove    Right = "approve"
	MayStop       Right = "stop"
	MayAdminister Right = "administer" // enrol and revoke
)

// Rights lists all rights.
func Rights() []Right { return []Right{MayAuthor, MayApprove, MayStop, MayAdminister} }

// Founder is one of the first operators, whom the configuration names; he has all rights.
type Founder struct {
	Name string
	Key  Key
}

// Enrolled is a known key.
type Enrolled struct {
	Operator string
	Key      Key
	Rights   []Right
	// by is nil for a founder.
	by *alerting.Enrolment
}

// Founder reports whether the configuration names the key.
func (e Enrolled) Founder() bool { return e.by == nil }

// Roll is who may sign. It does not change; With and Without give new ones. It is safe for concurrent use.
type Roll struct {
	relying Relying
	keys    map[string]Enrolled
	// revoked says from when on the signatures of a key count for nothing; the zero time is always.
	revoked map[string]time.Time
	// strict: those that it made before count for nothing either.
	strict bool
}

// mostEnrolments bounds how many a roll takes in at once: what an alert brings may be forged, and each costs two signatures.
const mostEnrolments = 1000

// signers is how many must sign an enrolment, or a revocation of somebody else's key.
const signers = 2

var nameForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} .@_-]{0,63}$`)

// CheckName says what is wrong with the name of an operator; accounts have names of the same form.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return alerting.Refuse(alerting.ErrInvalid, "name.form", "a name is letters, digits, spaces and .@_-, at most 64")
	}
	return nil
}

// NewRoll makes the roll of the founders: at least two, each with a key of his own. Revoked are the ids of keys that nobody
// takes, whatever a database says.
func NewRoll(founders []Founder, relying Relying, revoked ...string) (*Roll, error) {
	r := &Roll{relying: relying, keys: make(map[string]Enrolled), revoked: make(map[string]time.Time)}
	names := make(map[string]bool)
	for _, f := range founders {
		id := f.Key.ID()
		if !nameForm.MatchString(f.Name) {
			return nil, fmt.Errorf("%w: founder %q: a name is letters, digits, spaces and .@_-, at most 64", alerting.ErrInvalid, f.Name)
		}
		if _, taken := r.keys[id]; taken {
			return nil, fmt.Errorf("%w: founder %s has a key that another founder has too", alerting.ErrInvalid, f.Name)
		}
		names[f.Name] = true
		r.keys[id] = Enrolled{Operator: f.Name, Key: f.Key, Rights: Rights()}
	}
	if len(names) < signers {
		return nil, fmt.Errorf("%w: %d founders: two people at least must be named, since nobody can send alone", alerting.ErrInvalid, len(names))
	}
	for _, id := range revoked {
		r.revoked[id] = time.Time{}
	}
	return r, nil
}

func (r *Roll) clone() *Roll {
	return &Roll{r.relying, maps.Clone(r.keys), maps.Clone(r.revoked), r.strict}
}

// Strict is the roll for what is still to be sent: whatever a revoked key signed counts for nothing, also what it signed before.
// Without it an alert that is out stays approved when one of those who approved it leaves the office later.
func (r *Roll) Strict() *Roll {
	out := r.clone()
	out.strict = true
	return out
}

// Find gives a key by its id; false when it is not known, or revoked.
func (r *Roll) Find(id string) (Enrolled, bool) {
	e, ok := r.keys[id]
	_, revoked := r.revoked[id]
	return e, ok && !revoked
}

// counts gives a key if what it signed at a time counts.
func (r *Roll) counts(id string, at time.Time) (Enrolled, bool) {
	e, ok := r.keys[id]
	since, revoked := r.revoked[id]
	return e, ok && (!revoked || !r.strict && at.Before(since))
}

// All gives every known key, by operator and id.
func (r *Roll) All() []Enrolled {
	var out []Enrolled
	for id, e := range r.keys {
		if _, revoked := r.revoked[id]; !revoked {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Enrolled) int {
		return cmp.Or(strings.Compare(a.Operator, b.Operator), strings.Compare(a.Key.ID(), b.Key.ID()))
	})
	return out
}

// With adds what enrolments make known, in whatever order they come: who was enrolled may enrol others. One that cannot be
// trusted adds nothing, and is an error of its own.
func (r *Roll) With(enrolments []alerting.Enrolment) (*Roll, []error) {
	out := r.clone()
	if len(enrolments) > mostEnrolments {
		return out, []error{fmt.Errorf("%w: %d enrolments; at most %d are looked at", alerting.ErrInvalid, len(enrolments), mostEnrolments)}
	}
	left := slices.Clone(enrolments)
	var problems []error
	for progress := true; progress && len(left) > 0; {
		progress, problems = false, nil
		var next []alerting.Enrolment
		for _, e := range left {
			if err := out.enrol(e); err != nil {
				next, problems = append(next, e), append(problems, err)
				continue
			}
			progress = true
		}
		left = next
	}
	return out, problems
}

func (r *Roll) enrol(e alerting.Enrolment) error {
	wrong := func(code, format string, args ...any) error {
		return fmt.Errorf("enrolment of %q: %w", e.Operator, alerting.Refuse(alerting.ErrForbidden, code, format, args...))
	}
	if !nameForm.MatchString(e.Operator) {
		return fmt.Errorf("enrolment of %q: %w", e.Operator, alerting.Refuse(alerting.ErrInvalid, "name.form", "a name is letters, digits, spaces and .@_-, at most 64"))
	}
	key, err := ParseKey(e.Key)
	if err != nil {
		return fmt.Errorf("enrolment of %s: %w", e.Operator, err)
	}
	var rights []Right
	for _, text := range e.Rights {
		if !slices.Contains(Rights(), Right(text)) {
			return fmt.Errorf("enrolment of %s: %w", e.Operator, alerting.Refuse(alerting.ErrInvalid, "enrol.right", "right %q: want some of %v", text, alerting.Terms(Rights())))
		}
		rights = append(rights, Right(text))
	}
	if len(rights) == 0 {
		return fmt.Errorf("enrolment of %s: %w", e.Operator, alerting.Refuse(alerting.ErrInvalid, "enrol.no-right", "it gives no right"))
	}
	if have, taken := r.keys[key.ID()]; taken {
		return wrong("enrol.known", "the key is known already, as that of %s", have.Operator)
	}
	who := r.signed(e.By, func(by string, at time.Time) (Statement, error) { return enrolling(e, by, at) }, MayAdminister)
	if len(who) < signers {
		return wrong("enrol.signatures", "%d of %d signatures of different administrators", len(who), signers)
	}
	r.keys[key.ID()] = Enrolled{e.Operator, key, rights, &e}
	return nil
}

// Without takes away what was revoked. A revocation that cannot be trusted takes nothing away, and is an error of its own.
func (r *Roll) Without(revocations []alerting.Revocation) (*Roll, []error) {
	out := r.clone()
	var problems []error
	for _, v := range revocations {
		// Fan-out and workers know the operators of one alert alone, and a revocation by others must count there too.
		knowing, _ := r.With(v.Enrolments)
		who := knowing.signed(v.By, func(by string, at time.Time) (Statement, error) { return revoking(v, by, at) }, MayAdminister)
		own := knowing.signed(v.By, func(by string, at time.Time) (Statement, error) { return revoking(v, by, at) }, "")
		if len(who) < signers && !own[knowing.keys[v.KeyID].Operator] {
			problems = append(problems, fmt.Errorf("revocation of key %s: %w", v.KeyID, alerting.Refuse(alerting.ErrForbidden, "revoke.signatures", "%d of %d signatures of different administrators, and none of its owner", len(who), signers)))
			continue
		}
		if since, known := out.revoked[v.KeyID]; !known || v.At.Before(since) {
			out.revoked[v.KeyID] = v.At
		}
	}
	return out, problems
}

// signed gives the operators whose signatures hold over what statement gives for each, with keys that have a right ("" for
// any). An operator counts once.
func (r *Roll) signed(approvals []alerting.Approval, statement func(by string, at time.Time) (Statement, error), right Right) map[string]bool {
	who := make(map[string]bool)
	for _, a := range approvals {
		key, ok := r.counts(a.KeyID, a.At)
		if !ok || key.Operator != a.By || right != "" && !slices.Contains(key.Rights, right) {
			continue
		}
		s, err := statement(a.By, a.At)
		if err != nil || string(s.Act) != a.Act || key.Key.verify(s, a.Signature, r.relying) != nil {
			continue
		}
		who[a.By] = true
	}
	return who
}

// Needed are the enrolments without which the keys of some approvals would not be known: those of the keys, of the keys
// that signed them, and so on up to the founders.
func (r *Roll) Needed(approvals []alerting.Approval) []alerting.Enrolment {
	var out []alerting.Enrolment
	seen := make(map[string]bool)
	for todo := slices.Clone(approvals); len(todo) > 0; todo = todo[1:] {
		id := todo[0].KeyID
		key, ok := r.keys[id]
		if !ok || seen[id] || key.by == nil {
			continue
		}
		seen[id] = true
		out = append(out, *key.by)
		todo = append(todo, key.by.By...)
	}
	return out
}

// SignEnrolment is an operator's signature on an enrolment.
func SignEnrolment(s Signer, e alerting.Enrolment, by string, at time.Time) (alerting.Approval, error) {
	st, err := enrolling(e, by, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}

// SignRevocation is an operator's signature on a revocation.
func SignRevocation(s Signer, v alerting.Revocation, by string, at time.Time) (alerting.Approval, error) {
	st, err := revoking(v, by, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}
