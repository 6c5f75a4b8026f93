package approval

import (
	"fmt"

	"tocsin/alerting"
)

// Relying is whose assertions count.
type Relying struct {
	ID      string
	Origins []string
}

// Assertion is a stub.
type Assertion struct{}

// ParseAssertion is a stub.
func ParseAssertion([]byte) (Assertion, error) {
	return Assertion{}, fmt.Errorf("%w: passkeys are not read yet", alerting.ErrForbidden)
}

// Verify is a stub.
func (r Relying) Verify([]byte, [32]byte, Assertion) error {
	return fmt.Errorf("%w: passkeys are not read yet", alerting.ErrForbidden)
}

// ParsePasskeyPublic is a stub.
func ParsePasskeyPublic([]byte) ([]byte, error) {
	return nil, fmt.Errorf("%w: passkeys are not read yet", alerting.ErrForbidden)
}
