package dsig

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// xmlsec runs Debian's xmlsec1, which others wrote, or skips the test.
func xmlsec(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		t.Skip("xmlsec1 is not installed: nobody else to compare signatures with")
	}
	said, err := exec.CommandContext(t.Context(), "xmlsec1", arguments...).CombinedOutput()
	return string(said), err
}

// store writes key and certificate as files.
func store(t *testing.T, dir string, s Signer) (keyFile, certificateFile string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(s.Key)
	if err != nil {
		t.Fatal(err)
	}
	keyFile, certificateFile = filepath.Join(dir, "key.pem"), filepath.Join(dir, "certificate.pem")
	put(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	put(t, certificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificates[0].Raw}))
	return keyFile, certificateFile
}

func put(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// fewer leaves out what is tried with one form already: a process for each document takes its time.
func fewer(documents map[string]string, all bool) map[string]string {
	if all {
		return documents
	}
	return map[string]string{"prefixed": documents["prefixed"], "styled": documents["styled"]}
}

// TestXmlsecVerifiesOurs: in all forms, for both kinds of keys, and not once a letter is changed.
func TestXmlsecVerifiesOurs(t *testing.T) {
	dir := t.TempDir()
	for name, s := range signers(t) {
		_, certificate := store(t, dir, s)
		for kind, document := range fewer(documents(), s.Form == Exclusive) {
			signed, err := s.Sign([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "signed.xml")
			put(t, file, signed)
			arguments := []string{"--verify", "--trusted-pem", certificate, "--verification-time", noon.Format("2006-01-02 15:04:05"), file}
			if said, err := xmlsec(t, arguments...); err != nil {
				t.Errorf("%s, %s: %v\n%s", name, kind, err, said)
			}
			put(t, file, []byte(strings.Replace(string(signed), "Flood", "Blood", 1)))
			if said, err := xmlsec(t, arguments...); err == nil {
				t.Errorf("%s, %s: a changed document passes: %s", name, kind, said)
			}
		}
	}
}

// skeleton is what xmlsec1 fills in.
const skeleton = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
  <ds:SignedInfo>
    <ds:CanonicalizationMethod Algorithm="FORM"/>
    <ds:SignatureMethod Algorithm="METHOD"/>
    <ds:Reference URI="">
      <ds:Transforms>
        <ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>SECOND
      </ds:Transforms>
      <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
      <ds:DigestValue/>
    </ds:Reference>
  </ds:SignedInfo>
  <ds:SignatureValue/>
  <ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo>
</ds:Signature>`

// TestWeVerifyXmlsec: the same the other way round, also with prefixes, line ends and without a canonicalisation.
func TestWeVerifyXmlsec(t *testing.T) {
	dir := t.TempDir()
	for name, key := range map[string]crypto.Signer{rsaSHA256: rsaSigner(t), ecdsaSHA256: ecdsaSigner(t)} {
		s := self(t, key, "")
		keyFile, certificate := store(t, dir, s)
		for _, form := range []string{string(Exclusive), string(Exclusive) + "WithComments", string(Inclusive), string(Inclusive) + "#WithComments",
			string(Inclusive11), string(Inclusive11) + "#WithComments", ""} {
			second := `<ds:Transform Algorithm="` + form + `"/>`
			infoForm := form
			if form == "" {
				second, infoForm = "", string(Inclusive)
			}
			signature := strings.NewReplacer("FORM", infoForm, "METHOD", name, "SECOND", second).Replace(skeleton)
			all := documents()
			all["instructions behind"] = plain + "<?done  yes?>\n<!-- and a comment -->\n<?over?>\n"
			for kind, document := range fewer(all, form == string(Exclusive)) {
				at := strings.LastIndex(document, "</")
				template, file := filepath.Join(dir, "template.xml"), filepath.Join(dir, "signed.xml")
				put(t, template, []byte(document[:at]+signature+document[at:]))
				if said, err := xmlsec(t, "--sign", "--privkey-pem", keyFile+","+certificate, "--output", file, template); err != nil {
					t.Fatalf("%s %s, %s: %v\n%s", name, form, kind, err, said)
				}
				signed, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if r, err := Verify(signed, trusting(s)); err != nil || !r.Trusted() {
					t.Errorf("%s %s, %s: %+v %v", name, form, kind, r, err)
				}
				if r, err := Verify([]byte(strings.Replace(string(signed), "Flood", "Blood", 1)), trusting(s)); err != nil || r.Trusted() || r.Signatures[0].Verdict != Invalid {
					t.Errorf("%s %s, %s: changed: %+v %v", name, form, kind, r, err)
				}
			}
		}
	}
}
