package dsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/cap"
)

// plain is an alert as cap.Write writes it.
const plain = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>flood-1</identifier>
  <sender>warnings@office.example</sender>
  <sent>2026-05-24T11:00:00-00:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>en-GB</language>
    <category>Met</category>
    <event>Flood</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Observed</certainty>
    <description>Water &amp; mud, 3 &lt; 4 m. 河水&#xD;
 rises.</description>
    <area>
      <areaDesc>The harbour</areaDesc>
    </area>
  </info>
</alert>
`

// prefixed says the same with a prefix, a comment, CDATA, and declarations that nobody uses.
const prefixed = `<?xml version="1.0"?>
<!-- before -->
<cap:alert xmlns:unused="urn:x" xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <cap:identifier>flood-1</cap:identifier><cap:sender>warnings@office.example</cap:sender>
  <cap:sent>2026-05-24T11:00:00-00:00</cap:sent><cap:status>Actual</cap:status><!-- inside --><cap:msgType>Alert</cap:msgType>
  <cap:scope>Public</cap:scope>
  <cap:info><cap:category>Met</cap:category><cap:event><![CDATA[Flood & mud]]></cap:event><cap:urgency>Immediate</cap:urgency>
  <cap:severity>Severe</cap:severity><cap:certainty>Observed</cap:certainty></cap:info>
</cap:alert >`

// styled bears a style sheet, and attributes of several lines.
const styled = `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet   type='text/xsl' href='cap.xsl'?>
<!-- a comment -->
<?empty?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
	xsi:schemaLocation="urn:oasis:names:tc:emergency:cap:1.2
	CAP-v1.2.xsd&#10; 'x>y'">
  <identifier>flood-1</identifier><sender>warnings@office.example</sender><sent>2026-05-24T11:00:00-00:00</sent>
  <!-- <a b="
  "> --><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
  <info><category>Met</category><event><![CDATA[<Flood a="
"]]></event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty></info>
</alert>
`

// signers are all kinds of keys and forms.
func signers(t testing.TB) map[string]Signer {
	t.Helper()
	out := make(map[string]Signer)
	for name, key := range map[string]crypto.Signer{"RSA": rsaSigner(t), "ECDSA": ecdsaSigner(t)} {
		for form, is := range map[string]C14N{"exclusive": Exclusive, "inclusive": Inclusive, "inclusive 1.1": Inclusive11, "default": ""} {
			out[name+" "+form] = self(t, key, is)
		}
	}
	return out
}

func documents() map[string]string {
	return map[string]string{"plain": plain, "prefixed": prefixed, "styled": styled, "CRLF": strings.ReplaceAll(plain, "\n", "\r\n"), "no line": strings.TrimSpace(plain)}
}

func TestSignAndVerify(t *testing.T) {
	for name, s := range signers(t) {
		for kind, document := range documents() {
			signed, err := s.Sign([]byte(document))
			if err != nil {
				t.Fatalf("%s, %s: %v", name, kind, err)
			}
			if again, err := s.Sign([]byte(document)); err != nil || !bytes.Equal(again, signed) {
				t.Errorf("%s, %s: signed again it is another: %v", name, kind, err)
			}
			if got := Strip(signed); string(got) != document {
				t.Errorf("%s, %s: stripped it is %q", name, kind, got)
			}
			r, err := Verify(signed, trusting(s))
			if err != nil || !r.Trusted() || len(r.Signatures) != 1 || r.Signatures[0].Verdict != Trusted {
				t.Fatalf("%s, %s: %+v %v", name, kind, r, err)
			}
			if bytes.Contains(r.Document, []byte("Signature")) {
				t.Errorf("%s, %s: the verified document still holds a signature", name, kind)
			}
			want, wantFindings := cap.Read([]byte(document), cap.Options{})
			got, gotFindings := cap.Read(r.Document, cap.Options{})
			if wantFindings.Err() != nil || gotFindings.Err() != nil {
				t.Fatalf("%s, %s: %v %v", name, kind, wantFindings, gotFindings)
			}
			a, _ := cap.Write(want)
			b, _ := cap.Write(got)
			if len(a) == 0 || !bytes.Equal(a, b) {
				t.Errorf("%s, %s: what was verified says something else:\n%s\n%s", name, kind, a, b)
			}
			if _, err := cap.Parse([]byte(plain), cap.Options{}); kind == "plain" && err != nil {
				t.Error(err)
			}
			if _, err := s.Sign(signed); !errors.Is(err, ErrSigned) {
				t.Errorf("signed again: %v", err)
			}
		}
	}
}

// TestEveryChangeIsNoticed: no byte of the alert can be changed, but for what no reader sees.
func TestEveryChangeIsNoticed(t *testing.T) {
	s := self(t, ecdsaSigner(t), Exclusive)
	signed, err := s.Sign([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Verify(signed, trusting(s))
	if err != nil || !want.Trusted() {
		t.Fatal(want, err)
	}
	noticed := 0
	for i := range signed {
		changed := bytes.Clone(signed)
		changed[i] ^= 1
		r, err := Verify(changed, trusting(s))
		switch {
		case err != nil || !r.Trusted():
			noticed++
		case !bytes.Equal(r.Document, want.Document):
			t.Fatalf("byte %d (%q): another document is trusted", i, signed[max(i-10, 0):i+10])
		}
	}
	if noticed < len(signed)*9/10 {
		t.Errorf("%d of %d changes were noticed", noticed, len(signed))
	}
}

func TestKeysThatCannotSign(t *testing.T) {
	good := self(t, ecdsaSigner(t), "")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		s    Signer
		want string
	}{
		"no key":            {Signer{}, "there is no key"},
		"no certificate":    {Signer{Key: good.Key}, "no certificate"},
		"another's":         {Signer{Key: ecdsaSigner(t), Certificates: good.Certificates}, "not that of the key"},
		"a short key":       {self(t, short, ""), "2048"},
		"another curve":     {self(t, curve, ""), "P-256"},
		"no canonical form": {Signer{Key: good.Key, Certificates: good.Certificates, Form: "x"}, "not on the list"},
	} {
		if _, err := row.s.Sign([]byte(plain)); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
	for name, document := range map[string]string{"nothing": "", "no XML": "hello", "another root": "<a></a>", "no CAP": "<alert></alert>",
		"empty": `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>`, "cut": plain[:len(plain)-10], "more behind": plain + "<!-- </alert> -->",
		"a DOCTYPE": strings.Replace(plain, "<alert", "<!DOCTYPE alert><alert", 1), "an instruction": strings.Replace(plain, "<info>", "<?x y?><info>", 1),
		"deep": strings.Replace(plain, "Flood<", strings.Repeat("<a>", 30)+strings.Repeat("</a>", 30)+"<", 1)} {
		if _, err := good.Sign([]byte(document)); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// reorder lets two certificates change places.
func reorder(t *testing.T, signed []byte) []byte {
	t.Helper()
	const begin, end = "<X509Certificate>", "</X509Certificate>"
	data := between(t, string(signed), "<X509Data>", "</X509Data>")
	first, second, ok := strings.Cut(data, end+begin)
	if !ok {
		t.Fatal("there are no two certificates")
	}
	return []byte(strings.Replace(string(signed), data, begin+second+first+end, 1))
}

// TestTrust: who stands for a key, and when.
func TestTrust(t *testing.T) {
	rootKey, middleKey, key := ecdsaSigner(t), ecdsaSigner(t), ecdsaSigner(t)
	root := certify(t, rootKey, nil, nil, authority)
	middle := certify(t, middleKey, root, rootKey, authority, func(c *x509.Certificate) { c.Subject.CommonName = "Middle" })
	leaf := certify(t, key, middle, middleKey)
	stranger := certify(t, ecdsaSigner(t), nil, nil, authority)
	noSigning := certify(t, key, nil, nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	sign := func(certificates ...*x509.Certificate) []byte {
		signed, err := Signer{Key: key, Certificates: certificates}.Sign([]byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	for name, row := range map[string]struct {
		document []byte
		anchors  []*x509.Certificate
		at       time.Time
		verdict  Verdict
		reason   string
	}{
		"the root":                      {sign(leaf, middle), []*x509.Certificate{root}, noon, Trusted, ""},
		"in any order":                  {reorder(t, sign(leaf, middle)), []*x509.Certificate{root}, noon, Trusted, ""},
		"the one between":               {sign(leaf), []*x509.Certificate{middle}, noon, Trusted, ""},
		"the signer":                    {sign(leaf), []*x509.Certificate{leaf}, noon, Trusted, ""},
		"the root, the middle left out": {sign(leaf), []*x509.Certificate{root}, noon, Untrusted, "none of the anchors"},
		"a stranger":                    {sign(leaf, middle), []*x509.Certificate{stranger}, noon, Untrusted, "none of the anchors"},
		"nobody":                        {sign(leaf, middle), nil, noon, Untrusted, "none of the anchors"},
		"it brings its own root":        {sign(leaf, middle, root), nil, noon, Untrusted, "none of the anchors"},
		"expired":                       {sign(leaf), []*x509.Certificate{leaf}, leaf.NotAfter.Add(time.Second), Untrusted, "valid from"},
		"not yet":                       {sign(leaf), []*x509.Certificate{leaf}, leaf.NotBefore.Add(-time.Second), Untrusted, "valid from"},
		"not for signing":               {sign(noSigning), []*x509.Certificate{noSigning}, noon, Untrusted, "not one for signing"},
	} {
		r, err := Verify(row.document, Trust{Anchors: row.anchors, At: row.at})
		if err != nil || len(r.Signatures) != 1 {
			t.Fatalf("%s: %+v %v", name, r, err)
		}
		if got := r.Signatures[0]; got.Verdict != row.verdict || !strings.Contains(got.Reason, row.reason) || r.Trusted() != (row.verdict == Trusted) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r, err := Verify([]byte(plain), Trust{Anchors: []*x509.Certificate{leaf}, At: noon})
	if err != nil || r.Trusted() || len(r.Signatures) != 0 {
		t.Errorf("unsigned: %+v %v", r, err)
	}
}

// What Strip takes away is one signature and nothing that a reader would see.
func TestStripTakesNothingElse(t *testing.T) {
	const begin, end = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a</identifier>`, `</alert>`
	const signature = `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Reference URI=""></Reference></SignedInfo></Signature>`
	rows := []struct {
		name, between string
		stripped      bool
	}{
		{"a signature", signature, true},
		{"two", signature + signature, false},
		{"an element between two ends", strings.Replace(signature, "</Signature>", "</Signature ><info/><Signature></Signature>", 1), false},
		{"one beside it", strings.Replace(signature, "</Signature>", "</Signature ><info><Signature></Signature></info>", 1), false},
		{"one that closes itself", strings.Replace(signature, "</Signature>", "</Signature ><info/><x></Signature>", 1), false},
		{"a comment", strings.Replace(signature, "<Reference", "<!-- </SignedInfo></Signature> --><Reference", 1), false},
		{"CDATA", strings.Replace(signature, "<Reference", "<![CDATA[<Reference>]]><Reference", 1), false},
	}
	for _, row := range rows {
		document := begin + row.between + end
		want := document
		switch {
		case row.stripped:
			want = begin + end
		case row.name == "two":
			want = begin + signature + end // the last one, which is whole
		}
		if got := string(Strip([]byte(document))); got != want {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}
