package alerting

import "errors"

// The kinds of errors that cross package borders; every other error is internal. Wrap them with what was attempted:
// fmt.Errorf("issue %s: %w", id, alerting.ErrConflict).
var (
	// ErrInvalid: the input breaks a rule; sending it again does not help.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound: no such thing.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: the actor may not do this.
	ErrForbidden = errors.New("forbidden")
	// ErrConflict: the same name with other content, or a lost race.
	ErrConflict = errors.New("conflict")
	// ErrState: not possible in the present state.
	ErrState = errors.New("not possible in this state")
	// ErrUnavailable: a store cannot be reached and nothing was written; trying again helps.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnknown: the answer of a write was lost; it may or may not have happened. Repeating it is safe.
	ErrUnknown = errors.New("outcome unknown")
)

// Kinds are the kinds of errors.
func Kinds() []error {
	return []error{ErrInvalid, ErrNotFound, ErrForbidden, ErrConflict, ErrState, ErrUnavailable, ErrUnknown}
}
