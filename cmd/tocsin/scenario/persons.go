package scenario

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/serve"
)

// makePeople makes accounts before the engine runs; the first is an administrator of the whole office.
func (o *Office) makePeople(all []serve.Ready) {
	o.tb.Helper()
	if len(all) == 0 {
		return
	}
	if testing.Short() {
		o.tb.Skip("the short run, which the race detector slows down, leaves out what needs accounts: each costs a password's hash")
	}
	for i := range all {
		all[i].Password = "correct horse " + all[i].Name
	}
	log := slog.New(slog.NewTextHandler(o.log, nil))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := serve.MakeAccounts(ctx, o.cfg, log, all); err != nil {
		o.tb.Fatalf("accounts: %v", err)
	}
	o.people = all
}

// Person is the account of that name.
func (o *Office) Person(name string) serve.Ready {
	o.tb.Helper()
	for _, r := range o.people {
		if r.Name == name {
			return r
		}
	}
	o.tb.Fatalf("nobody is called %s", name)
	return serve.Ready{}
}

// LogIn logs somebody in through the page.
func (b *Browser) LogIn(o *Office, name string) Page {
	b.tb.Helper()
	who := o.Person(name)
	code, err := o.code(who)
	if err != nil {
		b.tb.Fatal(err)
	}
	page := b.Send("/login", url.Values{"name": {who.Name}, "password": {who.Password}, "code": {code}, "next": {"/actual/"}})
	if page.Status != 200 || page.Path != "/actual/" {
		b.tb.Fatalf("%s is not logged in: %d %s %s", name, page.Status, page.Path, page.Text)
	}
	return page
}

// loginCode is what an authenticator shows now.
func loginCode(secret string) (string, error) { return login.Code(secret, time.Now()) }

// code is one that was not used before: a code counts once. The third within half a minute is waited for.
func (o *Office) code(who serve.Ready) (string, error) {
	const step = 30 * time.Second
	o.used.mu.Lock()
	defer o.used.mu.Unlock()
	at := time.Now().Truncate(step)
	if next := o.used.last[who.Name].Add(step); next.After(at) {
		at = next
	}
	// The gate takes the code of the next half minute, but none beyond.
	for time.Until(at) > step {
		<-time.After(time.Until(at) - step + time.Millisecond)
	}
	o.used.last[who.Name] = at
	return login.Code(who.Secret, at)
}

// usedCodes are the times of the codes that were used last, by name.
type usedCodes struct {
	mu   sync.Mutex
	last map[string]time.Time
}
