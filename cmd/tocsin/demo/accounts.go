package demo

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/serve"
)

// makeAccounts makes the people of the demonstration office: two administrators, who writes, who approves, and who is on duty. Their passwords and
// the secrets of their authenticators lie in files beside the configuration, so that `tocsin login` can be tried at once.
func (d *demo) makeAccounts(ctx context.Context) error {
	d.accounts = []serve.Ready{{Name: "demo-chief"},
		{Name: "demo-administrator", Grants: []login.Grant{{Role: login.Administrator}}},
		{Name: "demo-author", Grants: []login.Grant{{Role: login.Author}}},
		{Name: "demo-approver", Grants: []login.Grant{{Role: login.Approver}}},
		{Name: "demo-duty", Grants: []login.Grant{{Role: login.DutyOfficer}}}}
	for i := range d.accounts {
		d.accounts[i].Password = strings.ToLower(rand.Text()[:16])
	}
	if err := serve.MakeReady(ctx, d.cfg, slog.New(slog.NewTextHandler(d.Err, &slog.HandlerOptions{Level: slog.LevelWarn})), d.accounts); err != nil {
		return err
	}
	for _, a := range d.accounts {
		for kind, text := range map[string]string{"password": a.Password, "totp": a.Secret} {
			if err := os.WriteFile(filepath.Join(d.Dir, a.Name+"."+kind), []byte(text+"\n"), 0o600); err != nil {
				return err
			}
		}
	}
	d.state.Accounts = d.accounts
	return d.state.save(d.Dir)
}

// sayAccounts tells how to log in as them.
func (d *demo) sayAccounts() {
	d.say("\nPeople who can log in, and sign with the same password (on this machine, for this demonstration):")
	for _, a := range d.accounts {
		code, err := login.Code(a.Secret, time.Now())
		if err != nil {
			code = "?"
		}
		d.say("  %-18s password %s, code now %s, authenticator %s", a.Name, a.Password, code, a.URI)
	}
	in := filepath.Join(d.Dir, "demo-author")
	d.say("  bin/tocsin -c %s login --name demo-author --password-file %s.password --secret-file %s.totp", filepath.Join(d.Dir, "tocsin.yaml"), in, in)
}
