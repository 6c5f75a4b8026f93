package dsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Signer signs alerts with one key.
type Signer struct {
	// Key is for RSA (2048 bits or more) or ECDSA on P-256.
	Key crypto.Signer
	// Certificates are put into the signature: that of the key first, then those between it and the anchor.
	Certificates []*x509.Certificate
	// Form is the canonical form; empty means Exclusive.
	Form C14N
}

// ErrSigned: the document bears a signature already.
var ErrSigned = errors.New("the document is signed already")

// Check says what is wrong with key and certificates; nil when alerts can be signed with them. That they are valid now is not
// looked at.
func (s Signer) Check() error {
	_, err := s.algorithm()
	if err != nil {
		return err
	}
	if len(s.Certificates) == 0 {
		return errors.New("there is no certificate for the key")
	}
	public, ok := s.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(s.Certificates[0].PublicKey) {
		return fmt.Errorf("the certificate of %s is not that of the key", clip(s.Certificates[0].Subject.String()))
	}
	_, err = canonicalizer(string(s.form()), "")
	return err
}

func (s Signer) form() C14N {
	if s.Form == "" {
		return Exclusive
	}
	return s.Form
}

// algorithm is the URI of the signature algorithm that the key is for.
func (s Signer) algorithm() (string, error) {
	if s.Key == nil {
		return "", errors.New("there is no key")
	}
	switch key := s.Key.Public().(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return "", fmt.Errorf("the RSA key has %d bits; use one of %d or more", key.N.BitLen(), minRSABits)
		}
		return rsaSHA256, nil
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return "", fmt.Errorf("the ECDSA key is on %s; use P-256", key.Curve.Params().Name)
		}
		return ecdsaSHA256, nil
	}
	return "", errors.New("the key is neither for RSA nor for ECDSA")
}

// Sign gives the document with an enveloped signature before its last end tag, and not a byte changed otherwise. With a key in
// memory the same document gives the same bytes again. Errors:
// ErrUnreadable for what is no alert, ErrSigned for one that bears a signature, those of Check and of the key.
func (s Signer) Sign(document []byte) ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	end, err := lastTag(document)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	digest, err := s.digest(document)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	before, after := s.element(digest)
	compose := func(value string) []byte {
		return bytes.Join([][]byte{document[:end], []byte(before), []byte(value), []byte(after), document[end:]}, nil)
	}
	// What SignedInfo inherits from where it stands is part of its canonical form, so it is put there first.
	value, err := s.value(compose("AAAA"))
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return compose(base64.StdEncoding.EncodeToString(value)), nil
}

// lastTag is where the end tag of the alert begins.
func lastTag(document []byte) (int, error) {
	at := bytes.LastIndex(document, []byte("</"))
	if at < 0 {
		return 0, fmt.Errorf("%w: it has no end", ErrUnreadable)
	}
	name, rest, closed := strings.Cut(string(document[at+2:]), ">")
	_, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		local = name
	}
	if !closed || strings.TrimRight(local, " \t\r\n") != "alert" || strings.Trim(rest, " \t\r\n") != "" {
		return 0, fmt.Errorf("%w: it must end with the end tag of the alert", ErrUnreadable)
	}
	return at, nil
}

// digest hashes the alert in its canonical form.
func (s Signer) digest(document []byte) (string, error) {
	t, err := readTree(document)
	if err != nil {
		return "", err
	}
	if len(signaturesOf(t.alert)) > 0 {
		return "", ErrSigned
	}
	form, err := canonicalizer(string(s.form()), "")
	if err != nil {
		return "", err
	}
	plain, err := t.canonical(form)
	if err != nil {
		return "", err
	}
	sum := digest{hash: crypto.SHA256}.of(plain)
	return base64.StdEncoding.EncodeToString(sum), nil
}

// element is the Signature, up to its value and from there on.
func (s Signer) element(digest string) (before, after string) {
	algorithm, _ := s.algorithm() // Check has looked
	form := string(s.form())
	before = `<Signature xmlns="` + space + `"><SignedInfo><CanonicalizationMethod Algorithm="` + form + `"></CanonicalizationMethod>` +
		`<SignatureMethod Algorithm="` + algorithm + `"></SignatureMethod><Reference URI=""><Transforms>` +
		`<Transform Algorithm="` + enveloped + `"></Transform><Transform Algorithm="` + form + `"></Transform></Transforms>` +
		`<DigestMethod Algorithm="` + sha256URI + `"></DigestMethod><DigestValue>` + digest + `</DigestValue></Reference></SignedInfo><SignatureValue>`
	var b strings.Builder
	b.WriteString("</SignatureValue><KeyInfo><X509Data>")
	for _, c := range s.Certificates {
		b.WriteString("<X509Certificate>" + base64.StdEncoding.EncodeToString(c.Raw) + "</X509Certificate>")
	}
	b.WriteString("</X509Data></KeyInfo></Signature>")
	return before, b.String()
}

// value computes the SignatureValue of a document whose signature has none yet.
func (s Signer) value(document []byte) ([]byte, error) {
	t, err := readTree(document)
	if err != nil {
		return nil, err
	}
	elements := signaturesOf(t.alert)
	if len(elements) != 1 {
		return nil, ErrSigned
	}
	parts, err := takeApart(elements[0])
	if err != nil {
		return nil, err
	}
	signed, err := parts.signedBytes()
	if err != nil {
		return nil, err
	}
	random := rand.Reader
	if _, own := s.Key.(*ecdsa.PrivateKey); own {
		random = nil // the number is derived from key and document (RFC 6979), so that signing again gives the same bytes
	}
	value, err := s.Key.Sign(random, digest{hash: crypto.SHA256}.of(signed), crypto.SHA256)
	if err != nil || !parts.method.ecdsa {
		return value, err
	}
	return flat(value)
}

// flat turns an ECDSA signature in DER into r and s one after the other (XML Signature 1.1 §6.4.3).
func flat(der []byte) ([]byte, error) {
	var pair struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &pair); err != nil || len(rest) > 0 {
		return nil, errors.New("the key gave no ECDSA signature")
	}
	out := make([]byte, 64)
	pair.R.FillBytes(out[:32])
	pair.S.FillBytes(out[32:])
	return out, nil
}

// Strip undoes Sign: it gives the very bytes that were signed. A document without a signature of Sign's making before its last
// end tag is given back as it is. What is taken away is one whole Signature element and nothing else, so two documents that
// are equal without their signatures say the same.
func Strip(document []byte) []byte {
	end, err := lastTag(document)
	if err != nil {
		return document
	}
	begin := bytes.LastIndex(document[:end], []byte(`<Signature xmlns="`+space+`"><SignedInfo>`))
	if begin < 0 || !oneElement(document[begin:end]) {
		return document
	}
	return bytes.Join([][]byte{document[:begin], document[end:]}, nil)
}

// oneElement reports whether a text is one element from its first to its last byte, without comments, instructions and CDATA,
// none of which Sign writes.
func oneElement(text []byte) bool {
	if bytes.Contains(text, []byte("<!")) || bytes.Contains(text, []byte("<?")) {
		return false
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	for depth := 0; ; {
		token, err := d.RawToken()
		if err != nil {
			return false
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth == 0 {
			return d.InputOffset() == int64(len(text))
		}
	}
}
