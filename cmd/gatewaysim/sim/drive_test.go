package sim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/cmd/gatewaysim/sim"
)

// patience is how long a test waits for something that must come.
const patience = 10 * time.Second

// start plays all gateways until the test ends, with a raw log in the test's own directory.
func start(t testing.TB, change func(*sim.Config)) *sim.Sim {
	t.Helper()
	free := []string{"127.0.0.1:0"}
	cfg := sim.Config{SMS: free, Push: free, Mail: free, Seed: 7, LogFile: filepath.Join(t.TempDir(), "raw.tsv")}
	if change != nil {
		change(&cfg)
	}
	s, err := sim.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-end:
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

// lines reads the raw log, split into fields.
func lines(t testing.TB, s *sim.Sim) [][]string {
	t.Helper()
	if err := s.Log().Flush(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.Log().Path())
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for line := range strings.Lines(string(b)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 7 {
			t.Fatalf("raw log line with %d fields: %q", len(fields), line)
		}
		out = append(out, fields)
	}
	return out
}

// countKind counts raw log lines by channel and kind.
func countKind(t testing.TB, s *sim.Sim, channel, kind string) int {
	t.Helper()
	n := 0
	for _, f := range lines(t, s) {
		if f[1] == channel && f[4] == kind {
			n++
		}
	}
	return n
}

// control makes a request to the control API and decodes its JSON answer into v, unless that is nil.
func control(t testing.TB, s *sim.Sim, method, path, body string, v any) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL("control")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if v != nil {
		if err := json.NewDecoder(bytes.NewReader(b)).Decode(v); err != nil {
			t.Fatalf("%s %s: %v in %q", method, path, err, b)
		}
	}
	return resp.StatusCode, string(b)
}

// setFault adds rules through the control API.
func setFault(t testing.TB, s *sim.Sim, rule string) {
	t.Helper()
	if status, text := control(t, s, http.MethodPost, "/faults", rule, nil); status != http.StatusOK {
		t.Fatalf("POST /faults %s: %d %s", rule, status, text)
	}
}
