package client

import (
	"errors"
	"net"
)

// notSent reports whether a request certainly never reached the API: the connection was not even made.
func notSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
