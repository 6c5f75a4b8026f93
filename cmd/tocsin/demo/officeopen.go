package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// open brings the office to life, or opens the one that the folder keeps, and says how to use it.
func (d *demo) open(ctx context.Context) error {
	if d.state.Made {
		d.say("the office of this folder is open again; nothing was issued anew")
	} else if err := d.furnish(ctx); err != nil {
		return err
	}
	d.sayHow()
	d.sayAccounts()
	return nil
}

// furnish warns of the flood, judges, and plays the office's day.
func (d *demo) furnish(ctx context.Context) (err error) {
	began := time.Now()
	if d.office, err = d.openOffice(ctx); err != nil {
		return err
	}
	id, err := d.warn(ctx)
	if err != nil {
		return err
	}
	if verdict := d.judge(ctx, id); verdict != nil {
		d.say("%v", verdict)
	}
	d.say("\nthe rest of the office's day:")
	if err := d.office.day(ctx); err != nil {
		return err
	}
	d.say("the office is whole after %.0f s", time.Since(began).Seconds())
	d.state.Made = true
	return d.state.save(d.Dir)
}

func (d *demo) sayHow() {
	d.say("\nOpen %[1]s/ and log in as one of those below. Try:\n"+
		"  demo-approver  approve the flash flood that waits: you must pick its place; see the gale go out\n"+
		"  demo-author    mend the draft about heat, which has a finding; write a warning from a template\n"+
		"  demo-duty      cancel the flood; look at the letter of the river board in quarantine\n"+
		"  demo-administrator  sign the change that switches siren S08 off\n"+
		"The engine stays up; end it with Ctrl-C. In another terminal:\n"+
		"  bin/tocsin -c %[2]s status\n"+
		"  curl http://%[3]s/metrics     (what Prometheus reads)\n  curl %[4]s/stats     (what the gateways took)\n"+
		"  curl %[5]s/feeds/atom.xml     (what hubs and other offices read; rss.xml and geojson are there, too)",
		origin(d.cfg.API.Listen), filepath.Join(d.Dir, "tocsin.yaml"), d.cfg.Metrics.Listen, d.sim.info.Control, d.cfg.Feeds.PublicURL)
}

// tokenMay is what the token of the demonstration may do: with --once nobody administers.
func (d *demo) tokenMay() string {
	if d.Once {
		return "issue, cancel, read, import, redrive"
	}
	return "issue, approve, cancel, read, import, redrive, administer, audit"
}

// configureOffice adds what an office has where nobody sends alone.
func (d *demo) configureOffice(w io.Writer, origin string) error {
	dir := filepath.Join(d.Dir, "templates")
	if err := d.copyTemplates(dir); err != nil {
		return fmt.Errorf("write the templates: %w", err)
	}
	var first []string
	for _, name := range founders() {
		first = append(first, fmt.Sprintf("{name: %s, key: %q}", name, d.state.Founders[name]))
	}
	_, err := fmt.Fprintf(w, `approval:
  founders: [%s]
  desk_key: %q
  desk_key_file: %q
  passkey: {id: localhost, origins: [%q]}
  policy: [{id: red, severity: Extreme, worlds: [actual], approvals: 1, pick_place: true}]
templates: {dir: %q, zone: Asia/Shanghai}
inbox: {sources: [{name: river-board, anchor_files: [%q]}]}
`, strings.Join(first, ", "), d.state.Desk, filepath.Join(d.Dir, "desk.pem"), origin, dir, filepath.Join(d.Dir, "signing.crt"))
	return err
}

// shipped is the folder of the templates that are shipped.
func (d *demo) shipped() string {
	folders := []string{filepath.Join("deploy", "templates")}
	if self, err := os.Executable(); err == nil {
		folders = append(folders, filepath.Join(filepath.Dir(self), "..", "deploy", "templates"))
	}
	if d.Templates != "" {
		folders = []string{d.Templates}
	}
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return folder
		}
	}
	d.say("no templates: there is no folder %s", folders[0])
	return ""
}

// copyTemplates puts the shipped templates beside the configuration, where one may change them. Those that are there already stay.
func (d *demo) copyTemplates(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	all, err := filepath.Glob(filepath.Join(d.shipped(), "*.yaml"))
	if err != nil {
		return err
	}
	for _, name := range all {
		to := filepath.Join(dir, filepath.Base(name))
		if _, err := os.Stat(to); err == nil {
			continue
		}
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
