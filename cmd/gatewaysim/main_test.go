package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRunPrintsAddressesAndEnds(t *testing.T) {
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("0123456789abcdef0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "raw.tsv")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	code := make(chan int, 1)
	var errOut bytes.Buffer
	go func() {
		code <- run(ctx, []string{"--sms", "127.0.0.1:0", "--sms", "127.0.0.1:0", "--log", log, "--auth-token-file", token,
			"--account-sid", "AC5", "--magic", "--callback-fail-share", "0.5", "--fault", `{"kind":"latency","delay":1}`}, in, &errOut)
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var r ready
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	if r.Account != "AC5" || r.Log != log || len(r.Listeners) != 3 || r.Listeners["sms-2"] == "" || r.PID != os.Getpid() {
		t.Errorf("ready line %s", line)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.Listeners["sms-2"]+"/2010-04-01/Accounts/AC5/Messages.json",
		strings.NewReader("To=%2B250788000001&From=x&Body=y"))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("AC5", "0123456789abcdef0123456789abcdef")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("message answered %d", resp.StatusCode)
	}
	cancel()
	select {
	case got := <-code:
		if got != 0 {
			t.Errorf("exit code %d: %s", got, &errOut)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	b, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(b), "\t+250788000001\t") || !strings.HasSuffix(string(b), "\tstop\tcontrol\n") {
		t.Errorf("raw log %q, %v", b, err)
	}
}

func TestFlags(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"help", []string{"--help"}, 0, "POST   /faults"},
		{"unknown flag", []string{"--nonsense"}, 2, "nonsense"},
		{"stray argument", []string{"serve"}, 2, "serve"},
		{"bad fault", []string{"--fault", `{"kind":"explode"}`}, 2, "unknown kind"},
		{"two tokens", []string{"--auth-token", "a", "--auth-token-file", "b"}, 2, "not both"},
		{"no token file", []string{"--auth-token-file", "/nonexistent"}, 2, "auth token"},
		{"empty token file", []string{"--auth-token-file", empty}, 2, "is empty"},
		{"no certificate", []string{"--tls-cert", "/nonexistent"}, 2, "TLS"},
		{"address taken", []string{"--sms", taken.Addr().String()}, 1, "in use"},
		{"not loopback", []string{"--sms", "0.0.0.0:0"}, 1, "loopback"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			if code := run(t.Context(), row.args, &out, &errOut); code != row.code || !strings.Contains(errOut.String(), row.says) {
				t.Errorf("code %d, says %q", code, &errOut)
			}
			if out.Len() != 0 {
				t.Errorf("prints %q", &out)
			}
		})
	}
}
