package login

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// The acts that are recorded. Wrong attempts are counted, and recorded now and then: one entry for each would let whoever guesses
// fill the journal.
const (
	verbOpened  = "session.opened"
	verbClosed  = "session.closed"
	verbFailed  = "login.failed"
	verbLocked  = "account.locked"
	verbCreated = "account.created"
	verbSetUp   = "account.set_up"
	verbRoles   = "account.roles"
	verbState   = "account.state"
	verbLink    = "account.link"

	verbPassword   = "account.password"
	verbTOTP       = "account.totp"
	verbPasskey    = "account.passkey"
	verbPasskeyOff = "account.passkey_removed"
)

// engine is the actor of what nobody ordered.
func engine() alerting.Actor { return alerting.Actor{Name: "login", Kind: "engine"} }

func (g *Gate) noteAlone(ctx context.Context, by alerting.Actor, verb, name string, detail map[string]any) error {
	return g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return g.note(ctx, tx, by, verb, name, detail) })
}

func (g *Gate) note(ctx context.Context, tx bun.IDB, by alerting.Actor, verb, name string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	return g.Note(ctx, tx, by, verb, subjectOf(name), detail)
}

// failures are the wrong attempts that no entry of the journal tells of yet.
type failures struct {
	mu sync.Mutex
	// all counts every one, names those at accounts that there are; locked are the accounts that were shut.
	all    int
	names  map[string]int
	locked map[string]int
}

// mostNames bounds how many accounts one entry names.
const mostNames = 200

// failedAt counts a wrong attempt; name is empty when there is no such account.
func (f *failures) failedAt(name string, shut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all++
	if name == "" || len(f.names) >= mostNames && f.names[name] == 0 {
		return
	}
	if f.names == nil {
		f.names, f.locked = make(map[string]int), make(map[string]int)
	}
	f.names[name]++
	if shut {
		f.locked[name]++
	}
}

func (f *failures) take() (all int, names, locked map[string]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all, names, locked = f.all, f.names, f.locked
	f.all, f.names, f.locked = 0, nil, nil
	return all, names, locked
}

func (f *failures) putBack(all int, names, locked map[string]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all += all
	if f.names == nil {
		f.names, f.locked = make(map[string]int), make(map[string]int)
	}
	for name, n := range names {
		f.names[name] += n
	}
	for name, n := range locked {
		f.locked[name] += n
	}
}

// tellEvery is how often wrong attempts are recorded.
const tellEvery = 10 * time.Second

// Run records wrong attempts until ctx ends, and then those that are left.
func (g *Gate) Run(ctx context.Context) error {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.tell(ctx)
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			g.tell(end)
			return nil
		}
	}
}

// tell records the wrong attempts since it was last called; what cannot be recorded is kept for the next time.
func (g *Gate) tell(ctx context.Context) {
	all, names, locked := g.failed.take()
	if all == 0 {
		return
	}
	err := g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		for name := range locked {
			if err := g.note(ctx, tx, engine(), verbLocked, name, map[string]any{"failures": names[name]}); err != nil {
				return err
			}
		}
		return g.Note(ctx, tx, engine(), verbFailed, "logins", map[string]any{"failures": all, "accounts": maps.Clone(names)})
	})
	if err != nil {
		g.failed.putBack(all, names, locked)
		g.Log.WarnContext(ctx, "wrong logins could not be recorded yet", "failures", all, "error", err)
	}
}
