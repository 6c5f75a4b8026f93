package dsig

import (
	"bufio"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/cap"
)

// corpus is the folder of signed alerts that others wrote, or skips the test.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CAP_CORPUS")
	if dir == "" {
		t.Skip("CAP_CORPUS is not set: it names a folder of real alerts")
	}
	return filepath.Join(dir, "signed")
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// pinning trusts the certificate that a document brings along, on a day when it was valid: what is tested is everything else.
func pinning(t *testing.T, document []byte) Trust {
	t.Helper()
	r, err := Verify(document, Trust{})
	if err != nil || len(r.Signatures) == 0 || r.Signatures[0].Certificate == nil {
		t.Fatalf("no certificate: %+v %v", r, err)
	}
	c := r.Signatures[0].Certificate
	return Trust{Anchors: []*x509.Certificate{c}, At: c.NotBefore.Add(time.Hour)}
}

// TestDerivedAttacks: what must become of each way to forge a real signed alert.
func TestDerivedAttacks(t *testing.T) {
	dir := filepath.Join(corpus(t), "derived-attacks")
	trust := pinning(t, read(t, filepath.Join(dir, "00-original-ipaws.cap")))
	verdicts := map[string]Verdict{
		"00-original-ipaws.cap":             Trusted,
		"01-comment-in-text.cap":            Trusted, // and the text is read whole, see below
		"02-comment-in-identifier.cap":      Trusted,
		"03-tampered-severity.cap":          Invalid,
		"04-forged-second-info.cap":         Invalid,
		"05-xsw-original-in-object.cap":     Invalid,
		"06-xsw-signed-alert-nested.cap":    "", // the outer alert bears no signature
		"07-signature-stripped.cap":         "",
		"08-two-signatures-first-bogus.cap": Invalid,
		"09-reference-dangling.cap":         Unsupported,
		"10-no-reference.cap":               Unsupported,
		"11-xslt-transform.cap":             Unsupported,
		"12-hmac-confusion.cap":             Unsupported,
		"13-doctype-entity.cap":             "unreadable",
		"14-attacker-self-signed.cap":       Untrusted,
		"15-base64-trailing-bits.cap":       Unsupported,
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.cap"))
	if err != nil || len(files) != len(verdicts) {
		t.Fatalf("%d files, %d verdicts, %v", len(files), len(verdicts), err)
	}
	original := verified(t, filepath.Join(dir, "00-original-ipaws.cap"), trust)
	for _, file := range files {
		name := filepath.Base(file)
		r, err := Verify(read(t, file), trust)
		var got Verdict
		switch {
		case err != nil:
			got = "unreadable"
		case len(r.Signatures) > 0:
			got = r.Signatures[0].Verdict
		}
		if got != verdicts[name] || (err == nil && r.Trusted()) != (verdicts[name] == Trusted) {
			t.Errorf("%s: %q, want %q: %+v %v", name, got, verdicts[name], r, err)
			continue
		}
		if verdicts[name] != Trusted {
			continue
		}
		a := verified(t, file, trust)
		if a.Identifier != original.Identifier || a.Infos[0].Description != original.Infos[0].Description {
			t.Errorf("%s: a comment changed what is read: %q %q", name, a.Identifier, a.Infos[0].Description)
		}
	}
}

// verified reads what was signed.
func verified(t *testing.T, file string, trust Trust) *cap.Alert {
	t.Helper()
	r, err := Verify(read(t, file), trust)
	if err != nil || !r.Trusted() {
		t.Fatalf("%s: %+v %v", file, r, err)
	}
	a, findings := cap.Read(r.Document, cap.Options{})
	if a == nil {
		t.Fatalf("%s: %v", file, findings)
	}
	return a
}

// TestRealSignatures compares us with xmlsec1's verdict, as the corpus records it: OK as the document stands means that the
// signature fits. Where xmlsec1 found a signature to fit only with other signatures taken out, we find the same.
func TestRealSignatures(t *testing.T) {
	dir := corpus(t)
	f, err := os.Open(filepath.Join(dir, "..", "SIGNATURES.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	fits, lines := 0, bufio.NewScanner(f)
	for lines.Scan() {
		column := strings.Split(lines.Text(), "\t")
		if column[0] == "file" {
			continue
		}
		name, number := column[0], int(column[1][0]-'1')
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			continue // a verdict of a document that is not there
		}
		r, err := Verify(read(t, filepath.Join(dir, name)), Trust{})
		want := column[2] == "OK" || column[5] == "OK"
		got := err == nil && len(r.Signatures) > number && r.Signatures[number].Verdict == Untrusted
		if got {
			fits++
		}
		if got != want {
			t.Errorf("%s, signature %s: xmlsec1 says %v; ours: %+v %v", name, column[1], column[2:], r, err)
		}
	}
	if fits < 11 {
		t.Errorf("only %d real signatures fit", fits)
	}
}
