package dsig

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/beevik/etree"
)

// Verdict is what can be said of a signature, from the best to the worst.
type Verdict string

// The verdicts.
const (
	// Trusted: the signature fits, and one of the anchors stands for the key.
	Trusted Verdict = "trusted"
	// Untrusted: the signature fits its key, and nobody stands for the key: anybody may have made it.
	Untrusted Verdict = "untrusted"
	// Unsupported: an algorithm or a structure is not on the list, so nothing was computed.
	Unsupported Verdict = "unsupported"
	// Invalid: the document or the signature was changed.
	Invalid Verdict = "invalid"
)

// Signature is one signature of a document.
type Signature struct {
	Verdict Verdict `json:"verdict"`
	// Reason says why it is not trusted, in a sentence; empty for a trusted one.
	Reason string `json:"reason,omitempty"`
	// Algorithm is the URI of the signature algorithm, as the document states it.
	Algorithm string `json:"algorithm,omitempty"`
	// Certificate is the signer's, where the document brings one or an anchor is it.
	Certificate *x509.Certificate `json:"-"`
}

// Report is what Verify found.
type Report struct {
	Signatures []Signature
	// Document is the alert that was signed, in canonical form and without the signatures and what stands around the alert;
	// nil unless every signature is trusted. It is the only thing to be parsed.
	Document []byte
}

// Trusted reports whether the document is signed, and every signature is trusted.
func (r *Report) Trusted() bool { return r.Document != nil }

// Trust says whom to believe, and when.
type Trust struct {
	// Anchors are pinned certificates: of signers themselves, or of authorities that issue theirs.
	Anchors []*x509.Certificate
	// At is when certificates must be valid.
	At time.Time
}

// maxSignatures bounds the signatures of one alert.
const maxSignatures = 8

// Verify checks all signatures of a document. A document without any gives an empty report. The error is ErrUnreadable, for
// what is no alert at all; everything else is said by the report.
func Verify(document []byte, trust Trust) (*Report, error) {
	t, err := readTree(document)
	if err != nil {
		return nil, err
	}
	elements := signaturesOf(t.alert)
	if len(elements) > maxSignatures {
		return nil, fmt.Errorf("%w: it has more than %d signatures", ErrUnreadable, maxSignatures)
	}
	report := &Report{}
	var content []byte
	all := len(elements) > 0
	for _, el := range elements {
		one, signed := check(t, el, elements, trust)
		report.Signatures = append(report.Signatures, one)
		all = all && one.Verdict == Trusted
		if content == nil {
			content = signed
		}
	}
	if all {
		report.Document = content
	}
	return report, nil
}

// check checks one signature, and gives the alert without any, in the form that was hashed.
func check(t *tree, el *etree.Element, all []*etree.Element, trust Trust) (Signature, []byte) {
	s, err := takeApart(el)
	out := Signature{Algorithm: s.methodURI}
	if err != nil {
		return out.with(Unsupported, err.Error()), nil
	}
	if len(s.certificates) > 0 {
		out.Certificate = s.certificates[0]
	}
	content, err := s.content(t, all)
	if err != nil {
		return out.with(Invalid, err.Error()), nil
	}
	signed, err := s.signedBytes()
	if err != nil {
		return out.with(Unsupported, err.Error()), nil
	}
	weak, err := s.signer(&out, signed, trust)
	switch {
	case err != nil:
		return out.with(Invalid, err.Error()), nil
	case weak || s.digest.weak:
		return out.with(Untrusted, "it fits, but uses SHA-1 or a short RSA key, which prove nothing any more"), nil
	}
	if err := trust.in(out.Certificate, s.certificates); err != nil {
		return out.with(Untrusted, err.Error()), nil
	}
	return out.with(Trusted, ""), content
}

func (s Signature) with(v Verdict, reason string) Signature {
	s.Verdict, s.Reason = v, reason
	return s
}

// content checks the digest and gives the alert without signatures. The digest is that of the alert without this signature,
// as the standard has it; without those that were added after it, too; or without any, as those who sign side by side make it.
func (s *signature) content(t *tree, all []*etree.Element) ([]byte, error) {
	bare, err := t.canonical(s.refForm, all...)
	if err != nil {
		return nil, err
	}
	alert := bare[len(t.before) : len(bare)-len(t.after)]
	if bytes.Equal(s.digest.of(bare), s.digestValue) {
		return alert, nil
	}
	for _, gone := range [][]*etree.Element{{s.element}, all[slices.Index(all, s.element):]} {
		hashed, err := t.canonical(s.refForm, gone...)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(s.digest.of(hashed), s.digestValue) {
			return alert, nil
		}
	}
	return nil, errors.New("the alert was changed after it was signed: its digest is another")
}

// signer checks the signature with the key that the document names or, where it names none, with those of the anchors.
func (s *signature) signer(out *Signature, signed []byte, trust Trust) (weak bool, err error) {
	switch {
	case len(s.certificates) > 0:
		// No order is prescribed (XML Signature 1.1 §4.5.4): the signer's is the one that fits.
		for _, c := range s.certificates {
			if weak, err = s.method.verify(c.PublicKey, signed, s.value); err == nil {
				out.Certificate = c
				break
			}
		}
		return weak, err
	case s.key != nil:
		return s.method.verify(crypto.PublicKey(s.key), signed, s.value)
	}
	for _, anchor := range trust.Anchors {
		if weak, err := s.method.verify(anchor.PublicKey, signed, s.value); err == nil {
			out.Certificate = anchor
			return weak, nil
		}
	}
	return false, errors.New("it names no key, and none of the anchors made it")
}

// in says why a certificate is not to be trusted; nil when it is. Others are what the document brought along.
func (t Trust) in(signer *x509.Certificate, others []*x509.Certificate) error {
	if signer == nil {
		return errors.New("it fits a bare key, for which no certificate stands")
	}
	if t.At.Before(signer.NotBefore) || t.At.After(signer.NotAfter) {
		return fmt.Errorf("it fits, but the certificate of %s is valid from %s to %s only", clip(signer.Subject.String()), stamp(signer.NotBefore), stamp(signer.NotAfter))
	}
	if usage := signer.KeyUsage; usage != 0 && usage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return fmt.Errorf("it fits, but the certificate of %s is not one for signing", clip(signer.Subject.String()))
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, anchor := range t.Anchors {
		if anchor.Equal(signer) {
			return nil
		}
		if anchor.IsCA {
			roots.AddCert(anchor)
		}
	}
	for _, c := range others {
		between.AddCert(c)
	}
	_, err := signer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: t.At, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return fmt.Errorf("it fits, but none of the anchors stands for the certificate of %s", clip(signer.Subject.String()))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
