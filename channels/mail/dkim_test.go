package mail

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"tocsin/channels"
)

func TestDKIM(t *testing.T) {
	rsaKey, edKey := keys(t)
	for name, key := range map[string][]byte{"rsa": rsaKey, "ed25519": edKey} {
		t.Run(name, func(t *testing.T) {
			r := (&relay{}).serve(t)
			c := config(r.address)
			c.DKIM = &DKIM{Domain: "example.org", Selector: "sel", Key: key}
			g := newGateway(t, c, Deps{Unsubscribe: func(channels.Delivery) string { return "https://warn.example.org/u" }})
			if _, err := g.Send(t.Context(), delivery(1)); err != nil {
				t.Fatal(err)
			}
			raw := r.last(t)
			lookup := func(name string) ([]string, error) {
				if name != "sel._domainkey.example.org" {
					return nil, fmt.Errorf("looked up %s", name)
				}
				return []string{record(t, key)}, nil
			}
			for _, change := range []struct {
				name string
				raw  string
				good bool
			}{
				{"as sent", raw, true},
				{"another subject", strings.Replace(raw, "Subject: ", "Subject: x", 1), false},
				{"another recipient", strings.Replace(raw, "To: <resident", "To: <president", 1), false},
				{"another unsubscribe link", strings.Replace(raw, "example.org/u>", "example.org/v>", 1), false},
				{"a second sender", "From: evil@example.net\r\n" + raw, false},
				{"another body", strings.Replace(raw, "PD94", "PD95", 1), false},
			} {
				results, err := dkim.VerifyWithOptions(strings.NewReader(change.raw), &dkim.VerifyOptions{LookupTXT: lookup})
				if err != nil || len(results) != 1 || (results[0].Err == nil) != change.good {
					t.Errorf("%s: %+v, %v", change.name, results, err)
				}
			}
			read(t, raw)
		})
	}
}

func TestWeakDKIMKeys(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"short RSA": short, "ECDSA": curve} {
		if _, err := newSigner(DKIM{"example.org", "s", pemOf(t, key)}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// keys are an RSA and an Ed25519 key in PEM.
func keys(t testing.TB) (rsaKey, edKey []byte) {
	t.Helper()
	long, err := rsa.GenerateKey(rand.Reader, minRSA)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(long)}), pemOf(t, ed)
}

func pemOf(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// record is the TXT record of a key (RFC 6376 §3.6.1, RFC 8463 §4).
func record(t *testing.T, key []byte) string {
	t.Helper()
	s, err := newSigner(DKIM{"example.org", "s", key})
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := s.options.Signer.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	der, err := x509.MarshalPKIXPublicKey(s.options.Signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}
