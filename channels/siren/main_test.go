package siren

import (
	"crypto/ed25519"
	"sync/atomic"
)

type ed25519Public = ed25519.PublicKey

// conformanceURL is where the latest scripted siren listens: the suite makes its deliveries apart from its servers.
var conformanceURL atomic.Pointer[string]
