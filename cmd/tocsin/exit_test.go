package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestABalancersErrorIsNoRefusal: behind a balancer that answers for a lost API, orders end with "unknown" (3) and
// questions with "failed" (1); only the API itself refuses (2).
func TestABalancersErrorIsNoRefusal(t *testing.T) {
	balancer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/cancel") {
			http.Redirect(w, r, "/moved", http.StatusSeeOther)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<h1>502 Bad Gateway</h1>")
	}))
	defer balancer.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("not-a-real-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args string
		want int
	}{
		{"issue -", exitUnknown},
		{"cancel 00000000000000000000000000000001", exitUnknown},
		{"issue --dry-run -", exitFailed},
		{"status 00000000000000000000000000000001", exitFailed},
		{"people import -", exitFailed},
	} {
		args := append([]string{"--url", balancer.URL, "--token-file", token}, strings.Fields(row.args)...)
		if have := run(args, strings.NewReader("<alert/>"), io.Discard, io.Discard); have != row.want {
			t.Errorf("tocsin %s: exit code %d, want %d", row.args, have, row.want)
		}
	}
}
