package process

import (
	"bytes"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/report"
)

// postgres runs one of PostgreSQL's programs on the schema of this run.
func (o *office) postgres(t *testing.T, program string, args ...string) {
	t.Helper()
	binary, err := exec.LookPath(program)
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
		if len(found) == 0 {
			t.Fatalf("there is no %s: %v", program, err)
		}
		binary = found[len(found)-1]
	}
	at, _ := o.schema(t)
	if out, err := exec.Command(binary, append([]string{"--dbname", at}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
}

// schema parts the address of the database into that of the server's and the schema of this run.
func (o *office) schema(t *testing.T) (at, schema string) {
	t.Helper()
	u, err := url.Parse(o.sql)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	schema = q.Get("search_path")
	q.Del("search_path")
	u.RawQuery = q.Encode()
	return u.String(), schema
}

// dumpWithin issues an alert and dumps the database while fan-out stands still in the middle of its pages.
func (o *office) dumpWithin(t *testing.T, file string) run {
	t.Helper()
	const tries = 8
	_, schema := o.schema(t)
	fanout := o.crew["fanout"]
	for range tries {
		r := o.begin(t)
		eventually(t, 10*time.Second, "fan-out begins", func() bool {
			pages, _ := o.expansion(t, r.id)
			return pages >= 7
		})
		if err := fanout.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		pages, state := o.expansion(t, r.id)
		if state == "scanning" {
			o.postgres(t, "pg_dump", "--schema", schema, "--file", file)
		}
		if err := fanout.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if state == "scanning" {
			t.Logf("dumped with %d pages of alert %s written", pages, r.id)
			return r
		}
		t.Logf("fan-out had written all %d pages before it could be stopped: again", pages)
		o.finish(t, r.id, 90*time.Second)
	}
	t.Fatalf("fan-out was never caught in the middle of %d expansions", tries)
	return run{}
}

// databaseRestored dumps the database in the middle of an alert, issues another after it, and brings the dump back: nobody
// is told again, nobody gets another's receipt, and the status names what the dump does not know.
func databaseRestored(t *testing.T, o *office) {
	const leave = 1100
	o.sim.silence(t)
	dump := filepath.Join(o.dir, "dump.sql")
	older := o.dumpWithin(t, dump)
	o.finish(t, older.id, 90*time.Second)

	// Some move away, so that the pages of the next alert hold others than the register of the dump would put there.
	town := o.people
	o.people = slices.Clone(town)
	for i := range leave {
		o.people[i].inside = false
	}
	defer func() { o.people = town }()
	if _, err := o.api.Import(t.Context(), "people", bytes.NewReader(register(o.people[:leave])), func(audience.Progress) {}); err != nil {
		t.Fatal(err)
	}
	document := warning(o.identifier(t))
	younger := run{from: o.sim.place(t)}
	younger.id, younger.began = o.issueText(t, document, onlySMS())
	s := o.finish(t, younger.id, 90*time.Second)
	told := o.count(t, younger.from, "sms", younger.id.String())
	o.judge(t, told, alerting.SMS, s, 0)

	o.bringBack(t, dump)
	named := o.statusWith(t, younger.id, "restored")
	t.Logf("tocsin status %s: %s", younger.id, strings.Join(named.Notes, "; "))
	if again, _ := o.issueText(t, document, onlySMS()); again != younger.id {
		t.Errorf("the same document became the alert %s", again)
	}
	<-time.After(5 * time.Second)
	o.statusWith(t, younger.id, "restored")
	o.noReceipts(t, younger.id, town[:20])
	if after := o.count(t, younger.from, "sms", younger.id.String()); len(after.arrivals) != len(told.arrivals) {
		t.Errorf("%d messages of the younger alert before, %d after: it was sent again", len(told.arrivals), len(after.arrivals))
		o.verdict.add(0, len(after.arrivals)-len(told.arrivals), 0)
	}
	o.people = town
	o.judge(t, o.count(t, older.from, "sms", older.id.String()), alerting.SMS, o.finish(t, older.id, time.Minute), 0)
}

// bringBack ends the crew, puts the dump in the place of the database, and starts the crew.
func (o *office) bringBack(t *testing.T, dump string) {
	t.Helper()
	for _, name := range o.names() {
		o.crew[name].drain(t, 30*time.Second)
	}
	_, schema := o.schema(t)
	o.postgres(t, "psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", "DROP SCHEMA "+schema+" CASCADE", "--file", dump)
	t.Logf("schema %s dropped and restored from %s", schema, dump)
	o.complete(t)
}

// statusWith waits until the status of an alert names something.
func (o *office) statusWith(t *testing.T, id alerting.AlertID, what string) report.Status {
	t.Helper()
	var s report.Status
	eventually(t, 20*time.Second, "the status of alert "+id.String()+" says "+what, func() bool {
		var err error
		s, err = o.status(t, id)
		return err == nil && strings.Contains(strings.Join(s.Notes, " "), what)
	})
	return s
}

// noReceipts: people who were not told by an alert have no receipt of it.
func (o *office) noReceipts(t *testing.T, id alerting.AlertID, people []resident) {
	t.Helper()
	for _, p := range people {
		x, err := o.api.Explain(t.Context(), id, p.ref)
		if err != nil {
			t.Fatalf("explain %s: %v", p.ref, err)
		}
		if len(x.Spots) > 0 {
			t.Errorf("%s was never told, and has receipts: %+v", p.ref, x.Spots)
		}
	}
}
