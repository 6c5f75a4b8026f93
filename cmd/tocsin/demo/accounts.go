package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
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

// sayAccounts tells how to log in as them. A code is good for half a minute, so it is a command that is told, and no code.
func (d *demo) sayAccounts() {
	d.say("\nPeople who can log in, and sign with the same password (on this machine, for this demonstration):")
	for _, a := range d.accounts {
		d.say("  %-18s password %s", a.Name, a.Password)
	}
	d.say("The login asks for a code, too. This says the present one, as often as you want:\n"+
		"  bin/tocsin demo code --dir %s demo-approver\n"+
		"or put the secret in an authenticator: it stands in NAME.totp there.", d.Dir)
	in := filepath.Join(d.Dir, "demo-author")
	d.say("  bin/tocsin -c %s login --name demo-author --password-file %s.password --secret-file %s.totp", filepath.Join(d.Dir, "tocsin.yaml"), in, in)
}

// codeLasts is how long a code is shown (RFC 6238).
const codeLasts = 30 * time.Second

// Code is what the authenticator of somebody of the demonstration in a folder shows, and for how much longer.
func Code(dir, name string, now time.Time) (code string, left time.Duration, err error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.Base(name)+".totp"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, nobodyIn(dir, name)
	}
	if err == nil {
		code, err = login.Code(strings.TrimSpace(string(text)), now)
	}
	if err != nil {
		return "", 0, fmt.Errorf("the code of %s: %w", name, err)
	}
	return code, codeLasts - time.Duration(now.UnixNano())%codeLasts, nil
}

// nobodyIn says whom a folder knows instead.
func nobodyIn(dir, name string) error {
	all, err := filepath.Glob(filepath.Join(dir, "*.totp"))
	if err != nil || len(all) == 0 {
		return fmt.Errorf("%s holds no demonstration: name the folder that `tocsin demo` has told (--dir)", dir)
	}
	for i := range all {
		all[i] = strings.TrimSuffix(filepath.Base(all[i]), ".totp")
	}
	return fmt.Errorf("nobody of the demonstration is called %.64q: name one of %s", name, strings.Join(all, ", "))
}
