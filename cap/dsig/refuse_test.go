package dsig

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestStructuresThatAreRefused: each changes one thing of a signature that is trusted.
func TestStructuresThatAreRefused(t *testing.T) {
	s := self(t, rsaSigner(t), Exclusive)
	signed, err := s.Sign([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	value := between(t, string(signed), "<SignatureValue>", "</SignatureValue>")
	rows := []struct {
		name, old, new string
		verdict        Verdict
		reason         string
	}{
		{"the reference to a part", `URI=""`, `URI="#part"`, Unsupported, "whole document"},
		{"no URI", ` URI=""`, ``, Unsupported, "whole document"},
		{"two references", `</Reference>`, `</Reference><Reference URI=""></Reference>`, Unsupported, "exactly one Reference"},
		{"a transform more", `</Transforms>`, `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"></Transform></Transforms>`, Unsupported, "transform 3"},
		{"not enveloped", `<Transform Algorithm="` + enveloped + `"></Transform>`, ``, Unsupported, "transform 1"},
		{"no transform", between(t, string(signed), "<Transforms>", "</Transforms>"), ``, Unsupported, "lacks the transform"},
		{"MD5", sha256URI, "http://www.w3.org/2001/04/xmldsig-more#md5", Unsupported, "the digest"},
		{"HMAC", rsaSHA256, space + "hmac-sha1", Unsupported, "the signature algorithm"},
		{"parameters", `</SignatureMethod>`, `<HMACOutputLength>1</HMACOutputLength></SignatureMethod>`, Unsupported, "parameters"},
		{"another algorithm", rsaSHA256, ecdsaSHA256, Invalid, "is one for RSA"},
		{"another form", string(Exclusive) + `"></Canon`, string(Inclusive) + `"></Canon`, Invalid, "does not fit"},
		{"a value in its other form", value, strings.TrimRight(value, "=")[:len(strings.TrimRight(value, "="))-1] + next(value) + strings.Repeat("=", strings.Count(value, "=")), Unsupported, "base64"},
		{"a comment in the value", value, value[:20] + "<!-- -->" + value[20:], Trusted, ""},
		{"an element in the value", value, value[:20] + "<x></x>" + value[20:], Unsupported, "holds elements"},
		{"no value", value, "", Unsupported, "base64"},
		{"something in the signature", `<KeyInfo>`, `<Extra></Extra><KeyInfo>`, Unsupported, "<Extra>"},
		{"a second KeyInfo", `</KeyInfo>`, `</KeyInfo><KeyInfo></KeyInfo>`, Unsupported, "<KeyInfo>"},
		{"no certificate", between(t, string(signed), "<KeyInfo>", "</KeyInfo>"), ``, Trusted, ""},
		{"a broken certificate", `<X509Certificate>M`, `<X509Certificate>N`, Unsupported, "certificate"},
		{"an object", `</KeyInfo>`, `</KeyInfo><Object>anything</Object>`, Trusted, ""},
		{"another name for the key", `<X509Data>`, `<KeyName>office</KeyName><X509Data>`, Trusted, ""},
		{"not in its namespace", `<Signature xmlns="` + space, `<Signature xmlns="urn:x`, "", ""},
	}
	for _, row := range rows {
		changed := strings.Replace(string(signed), row.old, row.new, 1)
		if changed == string(signed) {
			t.Errorf("%s: nothing was changed", row.name)
			continue
		}
		r, err := Verify([]byte(changed), trusting(s))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		var got Signature
		if len(r.Signatures) > 0 {
			got = r.Signatures[0]
		}
		if got.Verdict != row.verdict || !strings.Contains(got.Reason, row.reason) || r.Trusted() != (row.verdict == Trusted) {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
}

// between is what stands between two marks.
func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	inside, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %s … %s", from, to)
	}
	return inside
}

// next is the letter of base64 that stands for the same bytes as the last one, but for surplus bits.
func next(value string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	digits := strings.TrimRight(value, "=")
	return string(letters[strings.IndexByte(letters, digits[len(digits)-1])^1])
}

// TestSeveralSignatures: each is over the alert without the others, and all must be trusted.
func TestSeveralSignatures(t *testing.T) {
	one, two := self(t, ecdsaSigner(t), Exclusive), self(t, rsaSigner(t), Inclusive11)
	signed := func(s Signer) (whole, element string) {
		b, err := s.Sign([]byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		return string(b), "<Signature" + between(t, string(b), "<Signature", "</Signature>") + "</Signature>"
	}
	whole, _ := signed(one)
	_, second := signed(two)
	both := strings.Replace(whole, "</alert>", second+"</alert>", 1)
	// The second signs what the first has signed, and the third what both have.
	chain := plain
	for _, s := range []Signer{one, two, one} {
		chain = strings.Replace(chain, "</alert>", over(t, s, chain)+"</alert>", 1)
	}
	if r, err := Verify([]byte(chain), Trust{Anchors: slices.Concat(one.Certificates, two.Certificates), At: noon}); err != nil || !r.Trusted() || len(r.Signatures) != 3 {
		t.Errorf("one after the other: %+v %v", r, err)
	}
	bogus := strings.Replace(both, between(t, both, "<DigestValue>", "</DigestValue>"), "AAAA", 1)
	anchors := func(s ...Signer) Trust {
		trust := Trust{At: noon}
		for _, one := range s {
			trust.Anchors = append(trust.Anchors, one.Certificates...)
		}
		return trust
	}
	for name, row := range map[string]struct {
		document string
		trust    Trust
		verdicts [2]Verdict
	}{
		"both":           {both, anchors(one, two), [2]Verdict{Trusted, Trusted}},
		"only the first": {both, anchors(one), [2]Verdict{Trusted, Untrusted}},
		"only the last":  {both, anchors(two), [2]Verdict{Untrusted, Trusted}},
		"one is bogus":   {bogus, anchors(one, two), [2]Verdict{Invalid, Trusted}},
		"both, changed":  {strings.Replace(both, "Flood", "Blood", 1), anchors(one, two), [2]Verdict{Invalid, Invalid}},
	} {
		r, err := Verify([]byte(row.document), row.trust)
		if err != nil || len(r.Signatures) != 2 {
			t.Fatalf("%s: %+v %v", name, r, err)
		}
		if got := [2]Verdict{r.Signatures[0].Verdict, r.Signatures[1].Verdict}; got != row.verdicts || r.Trusted() != (got == [2]Verdict{Trusted, Trusted}) {
			t.Errorf("%s: %v", name, r.Signatures)
		}
	}
	many := strings.Replace(whole, "</alert>", strings.Repeat(second, maxSignatures)+"</alert>", 1)
	if _, err := Verify([]byte(many), anchors(one, two)); !errors.Is(err, ErrUnreadable) {
		t.Errorf("many: %v", err)
	}
}

// over is the signature over a document with all that it holds already.
func over(t *testing.T, s Signer, document string) string {
	t.Helper()
	tree, err := readTree([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	form, err := canonicalizer(string(s.form()), "")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := tree.canonical(form)
	if err != nil {
		t.Fatal(err)
	}
	before, after := s.element(base64.StdEncoding.EncodeToString(digest{hash: crypto.SHA256}.of(whole)))
	alone, err := readTree([]byte(strings.Replace(plain, "</alert>", before+"AAAA"+after+"</alert>", 1)))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := takeApart(signaturesOf(alone.alert)[0])
	if err != nil {
		t.Fatal(err)
	}
	signed, err := parts.signedBytes()
	if err != nil {
		t.Fatal(err)
	}
	value, err := s.Key.Sign(rand.Reader, digest{hash: crypto.SHA256}.of(signed), crypto.SHA256)
	if err == nil && parts.method.ecdsa {
		value, err = flat(value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return before + base64.StdEncoding.EncodeToString(value) + after
}

// FuzzVerify: nothing that anybody sends is trusted, unless it says what was signed; and nothing brings Verify down.
func FuzzVerify(f *testing.F) {
	s := self(f, ecdsaSigner(f), Exclusive)
	signed, err := s.Sign([]byte(plain))
	if err != nil {
		f.Fatal(err)
	}
	want, err := Verify(signed, trusting(s))
	if err != nil || !want.Trusted() {
		f.Fatal(want, err)
	}
	f.Add(signed)
	f.Add([]byte(plain))
	f.Add([]byte(prefixed))
	f.Add([]byte(strings.Replace(string(signed), "</KeyInfo>", "</KeyInfo><Object>"+plain[39:]+"</Object>", 1)))
	f.Fuzz(func(t *testing.T, document []byte) {
		r, err := Verify(document, trusting(s))
		if err == nil && r.Trusted() && string(r.Document) != string(want.Document) {
			t.Errorf("trusted: %q", r.Document)
		}
		if bare := Strip(document); len(bare) > len(document) {
			t.Error("stripping made it longer")
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for name, s := range map[string]Signer{"RSA": self(b, rsaSigner(b), Exclusive), "ECDSA": self(b, ecdsaSigner(b), Exclusive)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Sign([]byte(plain)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for name, s := range map[string]Signer{"RSA": self(b, rsaSigner(b), Exclusive), "ECDSA": self(b, ecdsaSigner(b), Exclusive)} {
		signed, err := s.Sign([]byte(plain))
		if err != nil {
			b.Fatal(err)
		}
		trust := Trust{Anchors: []*x509.Certificate{s.Certificates[0]}, At: noon}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r, err := Verify(signed, trust); err != nil || !r.Trusted() {
					b.Fatal(r, err)
				}
			}
		})
	}
}
