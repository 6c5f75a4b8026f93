// Package doctor is `tocsin doctor`: it reads a configuration, looks at the servers that it names, and says what is wrong and
// what to type.
//
// It stands apart from serve because it must speak when nothing else can start, and because it dials the stores as an
// operator would. What always holds: it changes nothing anywhere, each question has a time-out, one store that is away does
// not keep it from asking the others, and no finding holds a secret.
package doctor

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

// State is how one check ended.
type State string

// The states of a check. Only Wrong makes the verdict bad: a Note is legal and worth knowing.
const (
	OK      State = "ok"
	Note    State = "note"
	Wrong   State = "wrong"
	Skipped State = "skipped"
)

// Finding is the outcome of one check.
type Finding struct {
	// Check is what was looked at: "kafka: copies".
	Check string `json:"check"`
	State State  `json:"state"`
	// Says is what was found, Do what to type or change; Do is empty when there is nothing to do.
	Says string `json:"says"`
	Do   string `json:"do,omitempty"`
}

// Resolver looks up DNS records; net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
}

// Doctor looks at one office. All fields must be set.
type Doctor struct {
	Config *config.Config
	Now    func() time.Time
	DNS    Resolver
	// Client asks for the public address of the callbacks.
	Client *http.Client
}

// The time-outs: of a question over the network, and of all questions to one store.
const (
	askTimeout   = 2 * time.Second
	storeTimeout = 10 * time.Second
	// drift is how far clocks may be apart.
	drift = 2 * time.Second
)

// Examine makes all checks; those of different servers run at once. The findings come in a fixed order.
func (d *Doctor) Examine(ctx context.Context) []Finding {
	checks := []func(context.Context) []Finding{d.files, d.kafka, d.redis, d.sql, d.callbacks, d.mail}
	found := make([][]Finding, len(checks))
	var all sync.WaitGroup
	for i, check := range checks {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, storeTimeout)
			defer cancel()
			found[i] = check(ctx)
		})
	}
	all.Wait()
	var out []Finding
	for _, f := range found {
		out = append(out, f...)
	}
	return out
}

// Healthy reports whether nothing is wrong.
func Healthy(findings []Finding) bool {
	for _, f := range findings {
		if f.State == Wrong {
			return false
		}
	}
	return true
}

// files reads everything that the configuration names: tokens, keys, certificates, the keyring.
func (d *Doctor) files(context.Context) []Finding {
	var out []Finding
	for _, err := range split(serve.CheckFiles(d.Config)) {
		out = append(out, Finding{"files", Wrong, err.Error(), "make the file readable for the user that runs tocsin; `tocsin keys --help` makes keys"})
	}
	if len(out) == 0 {
		out = append(out, Finding{"files", OK, "every secret, key and certificate that the configuration names can be read", ""})
	}
	for _, n := range serve.Notes(d.Config) {
		out = append(out, Finding{"configuration", Note, n, ""})
	}
	return out
}

// split parts joined errors.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, split(e)...)
		}
		return out
	}
	return []error{err}
}
