package dsig

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/beevik/etree"
	xmldsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// maxCertificates bounds what one signature may bring along.
const maxCertificates = 8

// signature is a Signature element, taken apart and found to be one that can be checked.
type signature struct {
	element *etree.Element
	info    *etree.Element
	// form is that of SignedInfo, refForm that of the document.
	form, refForm xmldsig.Canonicalizer
	method        method
	methodURI     string
	digest        digest
	digestValue   []byte
	value         []byte
	// certificates are those of KeyInfo, the signer's first; key is the bare RSA key where there are none.
	certificates []*x509.Certificate
	key          *rsa.PublicKey
}

// takeApart reads a Signature element. It refuses everything that this package does not do, instead of passing over it.
func takeApart(el *etree.Element) (*signature, error) {
	s := &signature{element: el}
	children := el.ChildElements()
	if len(children) < 2 || !is(children[0], "SignedInfo") || !is(children[1], "SignatureValue") {
		return s, errors.New("it does not begin with SignedInfo and SignatureValue")
	}
	s.info = children[0]
	if err := s.signedInfo(); err != nil {
		return s, err
	}
	var err error
	if s.value, err = binary(children[1]); err != nil {
		return s, fmt.Errorf("the SignatureValue %w", err)
	}
	for i, child := range children[2:] {
		switch {
		case is(child, "KeyInfo") && i == 0:
			if err := s.keyInfo(child); err != nil {
				return s, err
			}
		case child.Tag == "Object": // it is no part of what is read; NAADS writes one of no namespace
		default:
			return s, fmt.Errorf("it holds <%s>, which does not belong there", clip(child.Tag))
		}
	}
	return s, nil
}

func (s *signature) signedInfo() error {
	parts := s.info.ChildElements()
	if len(parts) != 3 || !is(parts[0], "CanonicalizationMethod") || !is(parts[1], "SignatureMethod") || !is(parts[2], "Reference") {
		return errors.New("SignedInfo must hold CanonicalizationMethod, SignatureMethod and exactly one Reference")
	}
	var err error
	if s.form, err = formOf(parts[0], asItIs); err != nil {
		return err
	}
	if len(parts[1].ChildElements()) > 0 {
		return errors.New("the SignatureMethod has parameters")
	}
	s.methodURI = parts[1].SelectAttrValue("Algorithm", "")
	if s.method, err = methodOf(s.methodURI); err != nil {
		return err
	}
	return s.reference(parts[2])
}

// reference reads the one Reference, which must be the whole document without this signature.
func (s *signature) reference(ref *etree.Element) error {
	if uri := ref.SelectAttr("URI"); uri == nil || uri.Value != "" {
		return errors.New(`the Reference must be that of the whole document: URI=""`)
	}
	parts := ref.ChildElements()
	if len(parts) != 3 || !is(parts[0], "Transforms") || !is(parts[1], "DigestMethod") || !is(parts[2], "DigestValue") {
		return errors.New("the Reference must hold Transforms, DigestMethod and DigestValue")
	}
	// Without a canonicalisation the form is Canonical XML 1.0 (XML Signature 1.1 §4.4.3.2).
	s.refForm = xmldsig.MakeC14N10RecCanonicalizer()
	for i, t := range parts[0].ChildElements() {
		switch algorithm := t.SelectAttrValue("Algorithm", ""); {
		case !is(t, "Transform"):
			return errors.New("among the Transforms stands something else")
		case i == 0 && algorithm == enveloped && len(t.ChildElements()) == 0:
		case i == 1:
			var err error
			// The whole document is a set of nodes without comments (XML Signature 1.1 §4.4.3.3), whatever form follows.
			if s.refForm, err = formOf(t, commentless); err != nil {
				return err
			}
		default:
			return fmt.Errorf("transform %d is %q; only the enveloped signature and then one canonicalisation are taken", i+1, clip(algorithm))
		}
	}
	if len(parts[0].ChildElements()) == 0 {
		return errors.New("the Reference lacks the transform for an enveloped signature")
	}
	var err error
	if s.digest, err = digestOf(parts[1].SelectAttrValue("Algorithm", "")); err != nil {
		return err
	}
	if s.digestValue, err = binary(parts[2]); err != nil {
		return fmt.Errorf("the DigestValue %w", err)
	}
	return nil
}

// asItIs and commentless change the URI of a canonicalisation.
func asItIs(uri string) string { return uri }

func commentless(uri string) string {
	uri, _ = strings.CutSuffix(uri, "WithComments")
	if uri == string(Exclusive) {
		return uri
	}
	return strings.TrimSuffix(uri, "#")
}

// formOf reads a canonicalisation, with its list of prefixes.
func formOf(el *etree.Element, change func(uri string) string) (xmldsig.Canonicalizer, error) {
	uri, prefixes := change(el.SelectAttrValue("Algorithm", "")), ""
	for _, child := range el.ChildElements() {
		if child.Tag != "InclusiveNamespaces" || child.NamespaceURI() != string(Exclusive) || prefixes != "" {
			return nil, fmt.Errorf("the canonicalisation %q has parameters that are not taken", clip(uri))
		}
		prefixes = strings.ReplaceAll(child.SelectAttrValue("PrefixList", ""), "#default", "")
	}
	return canonicalizer(uri, prefixes)
}

// keyInfo reads the certificates, or else the RSA key.
func (s *signature) keyInfo(info *etree.Element) error {
	for _, data := range info.ChildElements() {
		switch {
		case is(data, "X509Data"):
			if err := s.x509(data); err != nil {
				return err
			}
		case is(data, "KeyValue") && s.key == nil:
			for _, value := range data.ChildElements() {
				if is(value, "RSAKeyValue") {
					key, err := rsaKey(value)
					if err != nil {
						return err
					}
					s.key = key
				}
			}
		}
	}
	return nil
}

func (s *signature) x509(data *etree.Element) error {
	for _, el := range data.ChildElements() {
		if !is(el, "X509Certificate") {
			continue // names and numbers of certificates say nothing that the certificate does not
		}
		if len(s.certificates) == maxCertificates {
			return fmt.Errorf("it brings more than %d certificates", maxCertificates)
		}
		der, err := binary(el)
		if err != nil {
			return fmt.Errorf("the X509Certificate %w", err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("the certificate cannot be read: %w", err)
		}
		s.certificates = append(s.certificates, certificate)
	}
	return nil
}

func rsaKey(value *etree.Element) (*rsa.PublicKey, error) {
	parts := value.ChildElements()
	if len(parts) != 2 || !is(parts[0], "Modulus") || !is(parts[1], "Exponent") {
		return nil, errors.New("the RSAKeyValue must hold Modulus and Exponent")
	}
	n, err := binary(parts[0])
	if err != nil {
		return nil, fmt.Errorf("the Modulus %w", err)
	}
	e, err := binary(parts[1])
	if err != nil {
		return nil, fmt.Errorf("the Exponent %w", err)
	}
	exponent := new(big.Int).SetBytes(e)
	if len(n) > maxRSABits/8+1 || !exponent.IsInt64() || exponent.Int64() > 1<<31-1 {
		return nil, errors.New("the RSA key is larger than any that is in use")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

// binary reads base64: blanks may stand anywhere (XML Schema base64Binary), surplus bits nowhere.
func binary(el *etree.Element) ([]byte, error) {
	if len(el.ChildElements()) > 0 {
		return nil, errors.New("holds elements")
	}
	text := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, textOf(el))
	out, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(out) == 0 {
		return nil, errors.New("is not base64 in its one right form (RFC 4648 §4, §3.5)")
	}
	return out, nil
}

// textOf is all text of an element, comments or not: it must not end at a comment.
func textOf(el *etree.Element) string {
	var b strings.Builder
	for _, token := range el.Child {
		if text, ok := token.(*etree.CharData); ok {
			b.WriteString(text.Data)
		}
	}
	return b.String()
}

// signedBytes are what SignatureValue is computed over: SignedInfo in its canonical form, with what it inherits.
func (s *signature) signedBytes() ([]byte, error) {
	switch s.form.Algorithm() {
	case xmldsig.CanonicalXML10RecAlgorithmId, xmldsig.CanonicalXML10WithCommentsAlgorithmId:
		return canonical(s.form, s.info)
	}
	scope := etreeutils.NewDefaultNSContext()
	var around []*etree.Element
	for el := s.info.Parent(); el != nil && el.Tag != ""; el = el.Parent() {
		around = append(around, el)
	}
	for _, el := range slices.Backward(around) {
		var err error
		if scope, err = scope.SubContext(el); err != nil {
			return nil, err
		}
	}
	info, err := etreeutils.NSDetatch(scope, s.info)
	if err != nil {
		return nil, err
	}
	return canonical(s.form, info)
}
