package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"tocsin/alerting"
)

// delivering is an API that accepts every alert and never sees it settled. At the second look at an alert it calls asked.
func delivering(t *testing.T, asked func()) (config string) {
	t.Helper()
	id := alerting.AlertID{1}.String()
	var looks atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/alerts", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"alert":"`+id+`","outcome":"accepted"}`)
	})
	mux.HandleFunc("GET /api/alerts/{id}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"alert":"`+id+`","status":"delivering","ready":true,"channels":[]}`)
		if looks.Add(1) == 2 {
			asked()
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	config = filepath.Join(dir, "client.yaml")
	for name, text := range map[string]string{config: "client: {url: " + server.URL + ", token_file: " + dir + "/token}\n",
		filepath.Join(dir, "token"): "a-token-of-some-length-for-the-client\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

// TestAnInterruptedWatch: Ctrl-C ends the watching, not the alert; a program still reads nothing but JSON lines.
func TestAnInterruptedWatch(t *testing.T) {
	config := delivering(t, func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
	})
	var out, said bytes.Buffer
	code := run([]string{"-c", config, "issue", "--watch", "-"}, strings.NewReader("<alert/>"), &out, &said)
	if code != 0 || !strings.Contains(said.String(), "was accepted and goes on") {
		t.Errorf("exit code %d, %s", code, said.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, line := range lines {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Errorf("line %d is no JSON: %s", i+1, line)
		}
		_, accepted := v["accepted"]
		channels, listed := v["channels"].([]any)
		if accepted != (i == 0) || i > 0 && (!listed || len(channels) > 0) {
			t.Errorf("line %d: %s", i+1, line)
		}
	}
}

// TestETAIsLeftOutWhileUnknown, and told once there is a rate.
func TestETAIsLeftOutWhileUnknown(t *testing.T) {
	for eta, want := range map[float64]bool{0: false, 2.5: true} {
		var out bytes.Buffer
		(&terminal{out: &out}).draw(progress{Channels: []channelMeasure{{Channel: alerting.SMS, ETA: eta}}}, 0)
		if strings.Contains(out.String(), "eta_s") != want {
			t.Errorf("eta %v: %s", eta, out.String())
		}
	}
}
