package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// given are the ports that FreePort has given: what will listen on one may not listen yet.
var given sync.Map //nolint:gochecknoglobals // one list for the process

// FreePort is an address on loopback where nobody listens, for a server whose address must be known before it runs. Its port is below
// those that the system gives to outgoing connections: one of them would take it while the server is dead. It gives none twice.
func FreePort() (string, error) {
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(10_000))) //nolint:gosec // any will do
		if err != nil {
			continue
		}
		_ = ln.Close()
		if _, twice := given.LoadOrStore(ln.Addr().String(), true); !twice {
			return ln.Addr().String(), nil
		}
	}
	return "", errors.New("no free port on 127.0.0.1 between 10000 and 20000")
}
