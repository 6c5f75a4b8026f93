package demo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/login"
)

// TestCode: it is the one that the login takes, with the time that is left of it; somebody unknown is told who there is.
func TestCode(t *testing.T) {
	dir := t.TempDir()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // that of the test vectors of RFC 6238
	if err := os.WriteFile(filepath.Join(dir, "demo-author.totp"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_111_111_109, 0)
	want, err := login.Code(secret, now)
	if err != nil || want != "081804" {
		t.Fatalf("%s %v", want, err)
	}
	if code, left, err := Code(dir, "demo-author", now); err != nil || code != want || left != time.Second {
		t.Errorf("%s for %s, %v", code, left, err)
	}
	for name, says := range map[string]string{"demo-auther": "name one of demo-author", "../demo-author/x": "name one of demo-author"} {
		if _, _, err := Code(dir, name, now); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Code(t.TempDir(), "demo-author", now); err == nil || !strings.Contains(err.Error(), "holds no demonstration") {
		t.Errorf("%v", err)
	}
}
