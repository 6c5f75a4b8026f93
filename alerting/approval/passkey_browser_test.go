package approval

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/approval/browsertest"
)

// TestPasskeyOfARealBrowser lets a Chromium make a passkey and approve 32 bytes with it.
func TestPasskeyOfARealBrowser(t *testing.T) {
	browser := browsertest.Start(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Approve</title>")
	}))
	t.Cleanup(page.Close)
	// Passkeys are bound to names, not to addresses.
	origin := strings.Replace(page.URL, "127.0.0.1", "localhost", 1)
	browser.AddAuthenticator()
	browser.Open(origin + "/")
	approveInBrowser(t, browser, origin, -7) // ES256
	approveInBrowser(t, browser, origin, -8) // EdDSA
}

func approveInBrowser(t *testing.T, browser *browsertest.Browser, origin string, algorithm int) {
	var made struct {
		ID, Public []byte
		Algorithm  int
	}
	if err := json.Unmarshal(browser.CreatePasskey(algorithm), &made); err != nil {
		t.Fatal(err)
	}
	if made.Algorithm != algorithm {
		t.Fatalf("the passkey is for algorithm %d, want %d", made.Algorithm, algorithm)
	}
	public, err := ParsePasskeyPublic(made.Public)
	if err != nil {
		t.Fatal(err)
	}
	approved, other := sha256.Sum256([]byte("a warning")), sha256.Sum256([]byte("another warning"))
	answer := browser.SignWithPasskey(approved, made.ID)
	assertion, err := ParseAssertion(answer)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, client data %s", len(answer), assertion.ClientData)

	here := Relying{ID: "localhost", Origins: []string{origin}}
	for name, c := range map[string]struct {
		relying   Relying
		challenge [32]byte
		words     string
	}{
		"what was approved":     {here, approved, ""},
		"other bytes":           {here, other, "other bytes were approved"},
		"another origin":        {Relying{"localhost", []string{"http://localhost:1"}}, approved, "none of those allowed"},
		"another relying party": {Relying{"office.example", here.Origins}, approved, "another relying party"},
	} {
		t.Run(fmt.Sprintf("algorithm %d, %s", algorithm, name), func(t *testing.T) {
			wantPasskeyError(t, c.relying.Verify(public, c.challenge, assertion), alerting.ErrForbidden, c.words)
		})
	}
	if err := here.Check(); err != nil {
		t.Error(err)
	}
}
