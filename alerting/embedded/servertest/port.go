package servertest

import (
	"testing"

	"tocsin/alerting/embedded"
)

// FreePort is embedded.FreePort for a test, which ends where there is none.
func FreePort(tb testing.TB) string {
	tb.Helper()
	address, err := embedded.FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	return address
}
