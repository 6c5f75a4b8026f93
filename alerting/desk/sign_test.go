package desk

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// signing is a key with a certificate of its own that ends some time from now.
func (o *office) signing(left time.Duration) *Signing {
	o.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		o.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Harbour Emergency Office"},
		NotBefore: o.now.Add(-time.Hour), NotAfter: o.now.Add(left), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		o.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		o.t.Fatal(err)
	}
	return &Signing{Signer: dsig.Signer{Key: key, Certificates: []*x509.Certificate{c}}, Anchors: []*x509.Certificate{c}}
}

func signedBy(s *Signing) func(*Config) { return func(c *Config) { c.Signing = s } }

const year = 365 * 24 * time.Hour

// trusted is what a stranger reads who pins the office's certificate.
func (o *office) trusted(s *Signing, document []byte) *cap.Alert {
	o.t.Helper()
	r, err := dsig.Verify(document, dsig.Trust{Anchors: s.Anchors, At: o.now})
	if err != nil || !r.Trusted() {
		o.t.Fatalf("%+v %v", r, err)
	}
	a, err := cap.Parse(r.Document, cap.Options{})
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// TestWhatIsIssuedIsSigned: also updates and cancels; the same file again is the same alert, signed or not; a process that
// died publishes the very same bytes.
func TestWhatIsIssuedIsSigned(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.signing(year)
		d := o.desk(signedBy(s))
		original := o.alert("a")
		document := o.write(original)
		first, err := d.Issue(t.Context(), document, officer)
		if err != nil || len(first.Findings) > 0 && first.Findings[0].ID == "desk.certificate" {
			t.Fatal(first, err)
		}
		if a := o.trusted(s, o.press.printed[0].Document); a.Identifier != "a" {
			t.Errorf("signed is %q", a.Identifier)
		}
		if !bytes.Equal(dsig.Strip(first.Document), document) {
			t.Error("more than the signature was added")
		}
		for name, again := range map[string][]byte{"as it came": document, "as it went": first.Document} {
			if got, err := o.desk(signedBy(s)).Issue(t.Context(), again, officer); err != nil || !got.Repeated || !bytes.Equal(got.Document, first.Document) {
				t.Errorf("%s: %+v %v", name, got.Repeated, err)
			}
		}
		other := bytes.Replace(document, []byte("Go uphill."), []byte("Go downhill."), 1)
		if _, err := d.Issue(t.Context(), other, officer); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("other words: %v", err)
		}
		cancel, err := d.Cancel(t.Context(), first.Alert, officer)
		if err != nil {
			t.Fatal(err)
		}
		if a := o.trusted(s, cancel.Document); a.MsgType != cap.MsgCancel {
			t.Errorf("signed is a %s", a.MsgType)
		}

		o.press.fails = []error{errors.New("the answer is lost")}
		if _, err := d.Issue(t.Context(), o.write(o.alert("b")), officer); !errors.Is(err, alerting.ErrUnknown) {
			t.Fatal(err)
		}
		row, err := find(t.Context(), o.db.Read(), alerting.IDOf(o.alert("b")))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := o.desk(signedBy(o.signing(year))).Resume(t.Context()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if last := o.press.printed[len(o.press.printed)-1]; !bytes.Equal(last.Document, row.Document) {
			t.Error("it was published with another signature")
		}
	})
}

// TestSignaturesOfOthers: what bears a signature already is taken only from whom the office trusts, and stays as it is.
func TestSignaturesOfOthers(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s, partner, stranger := o.signing(year), o.signing(year), o.signing(year)
		s.Anchors = append(s.Anchors, partner.Anchors...)
		d := o.desk(signedBy(s))
		sign := func(by *Signing, id string) []byte {
			signed, err := by.Sign(o.write(o.alert(id)))
			if err != nil {
				t.Fatal(err)
			}
			return signed
		}
		theirs := sign(partner, "partner")
		if a, err := d.Issue(t.Context(), theirs, officer); err != nil || !bytes.Equal(a.Document, theirs) {
			t.Errorf("a partner's: %v", err)
		}
		printed := len(o.press.printed)
		for name, document := range map[string][]byte{
			"a stranger's":           sign(stranger, "stranger"),
			"a partner's, changed":   bytes.Replace(sign(partner, "changed"), []byte("Go uphill."), []byte("Go downhill."), 1),
			"ours, changed":          bytes.Replace(sign(s, "ours"), []byte("Go uphill."), []byte("Go downhill."), 1),
			"no signature of a kind": bytes.Replace(sign(s, "kind"), []byte("ecdsa-sha256"), []byte("hmac-sha256"), 1),
		} {
			_, err := d.Issue(t.Context(), document, officer)
			var found cap.Findings
			if !errors.As(err, &found) || found[0].ID != "desk.signature" || !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(o.press.printed) != printed {
			t.Error("something was issued")
		}
	})
}

// TestCertificatesEnd: thirty days before, every issue says so; once it has ended nothing is issued, but what stops is.
func TestCertificatesEnd(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.signing(29 * 24 * time.Hour)
		d := o.desk(signedBy(s))
		a, err := d.Issue(t.Context(), o.write(o.alert("soon")), officer)
		if err != nil || len(a.Findings) == 0 || !strings.Contains(a.Findings.Error(), "ends on 2026-03-30 12:00 UTC, in 29 days") {
			t.Errorf("%v %v", a.Findings, err)
		}
		_, err = o.desk(signedBy(o.signing(-time.Minute))).Issue(t.Context(), o.write(o.alert("late")), officer)
		if !errors.Is(err, alerting.ErrState) || !strings.Contains(err.Error(), "tocsin keys signing") || len(o.press.printed) != 1 {
			t.Errorf("ended: %v, %d records", err, len(o.press.printed))
		}
		late := o.signing(-time.Minute)
		cancel, err := o.desk(signedBy(late)).Cancel(t.Context(), a.Alert, officer)
		if err != nil || !strings.Contains(cancel.Findings.Error(), "ended on") || bytes.Equal(dsig.Strip(cancel.Document), cancel.Document) {
			t.Errorf("cancel: %v %v", cancel.Findings, err)
		}
	})
}

func TestSigningThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.signing(year)
		s.Certificates = o.signing(year).Certificates
		_, err := New(Config{DB: o.db, Press: o.press, Note: o.note, Now: time.Now, Log: o.desk().Log, Signing: s})
		if !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), "not that of the key") {
			t.Error(err)
		}
		// The anchors are not those of the key: a stranger would not believe it, so it is not issued.
		s = o.signing(year)
		s.Anchors = o.signing(year).Anchors
		if _, err := o.desk(signedBy(s)).Issue(t.Context(), o.write(o.alert("x")), officer); !errors.Is(err, alerting.ErrState) || len(o.press.printed) > 0 {
			t.Error(err)
		}
		// The limit is for what goes out.
		d := o.desk(signedBy(o.signing(year)), func(c *Config) { c.MaxBytes = len(o.write(o.alert("x"))) + 100 })
		if _, err := d.Issue(t.Context(), o.write(o.alert("x")), officer); !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), "xml.size") {
			t.Error(err)
		}
	})
}
