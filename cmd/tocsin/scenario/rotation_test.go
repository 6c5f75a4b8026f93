package scenario

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/seal"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

// otherKeys is the configuration of a process of the office that has a folder of keys of its own.
func (o *Office) otherKeys(dir string) *config.Config {
	other := *o.cfg
	other.Keyring.Dir = dir
	return &other
}

// takeKey copies a key of the office into another folder.
func (o *Office) takeKey(dir, name string) {
	o.tb.Helper()
	text, err := os.ReadFile(filepath.Join(o.Dir, "keyring", name))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
	}
	if err != nil {
		o.tb.Fatal(err)
	}
}

// TestAKeyThatComesLate: the office seals with a new key before the machine that sends SMS has its file. Nobody is lost:
// the process says what it lacks, holds what it cannot read, and delivers it once the file is there, without a restart.
func TestAKeyThatComesLate(t *testing.T) {
	t.Parallel()
	o := prepare(t, Options{})
	late := t.TempDir()
	o.takeKey(late, "001.key")
	worker := o.start(o.otherKeys(late), "sms")
	if _, err := serve.MakeKeyring(filepath.Join(o.Dir, "keyring")); err != nil {
		t.Fatal(err)
	}
	o.serve("api", "fanout", "ledger", "push", "mail", "siren")
	Until(t, time.Minute, "the worker is ready", func() error { return o.Ready(worker) })

	p, number, mailbox := o.Plot(), o.Number(), o.Mailbox()
	o.Import(Person{Ref: "resident", SMS: number, Mail: mailbox, Places: []string{p.Inside(1)}})
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Became(id, "resident", "sms queued", "mail sent")
	keys, err := seal.OpenFolder(filepath.Join(o.Dir, "keyring"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	missing := keys.Fingerprints()["002"]
	Until(t, patience, "the worker names the key that it lacks", func() error {
		err := o.Ready(worker)
		if err == nil || !strings.Contains(err.Error(), missing) || !strings.Contains(err.Error(), late) {
			return fmt.Errorf("it says %w, and not that %s is missing in %s", err, missing, late)
		}
		return nil
	})
	// Who starts now without the key, or with keys of another office, is told at once.
	foreign := t.TempDir()
	if _, err := serve.MakeKeyring(foreign); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{late: missing, foreign: keys.Fingerprints()["001"]} {
		err := serve.Run(t.Context(), o.otherKeys(dir), []string{"mail"}, slog.New(slog.DiscardHandler), nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("a process with the keys in %s: %v, want that it names %s", dir, err, want)
		}
	}

	o.takeKey(late, "002.key")
	o.Became(id, "resident", "sms delivered", "mail sent")
	o.Settled(id)
	if n := len(o.To(id, number)); n != 1 {
		t.Errorf("the resident got %d SMS, want 1", n)
	}
	Until(t, patience, "the worker is ready again", func() error { return o.Ready(worker) })
	if _, text := o.Get("http://" + worker.Metrics.String() + "/metrics"); !strings.Contains(text, `tocsin_stream_poison_records_total{kind="dispatch"} 0`+"\n") {
		t.Errorf("records were dead-lettered:\n%s", grep(text, "poison_records"))
	}
}
