package mail

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/emersion/go-msgauth/dkim"

	"tocsin/alerting"
)

// signer signs messages for a domain.
type signer struct{ options dkim.SignOptions }

// minRSA is the shortest RSA key that receivers still accept for sure (RFC 8301 §3.2 recommends it).
const minRSA = 2048

// newSigner reads the key; what is wrong with it is alerting.ErrInvalid.
func newSigner(c DKIM) (*signer, error) {
	bad := func(why string) error { return fmt.Errorf("%w: DKIM key: %s", alerting.ErrInvalid, why) }
	if c.Domain == "" || c.Selector == "" {
		return nil, fmt.Errorf("%w: DKIM: want a domain and a selector", alerting.ErrInvalid)
	}
	block, _ := pem.Decode(c.Key)
	if block == nil {
		return nil, bad("not PEM")
	}
	var key any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, bad("not a private key in PKCS #8 or PKCS #1")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < minRSA {
			return nil, bad(fmt.Sprintf("RSA with fewer than %d bits", minRSA))
		}
	case ed25519.PrivateKey:
	default:
		return nil, bad("want RSA or Ed25519")
	}
	return &signer{dkim.SignOptions{
		Domain: c.Domain, Selector: c.Selector, Signer: key.(crypto.Signer), Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		// From twice: a second one added on the way breaks the signature. The List fields must be covered (RFC 8058 §4).
		HeaderKeys: []string{"From", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
			"Auto-Submitted", "X-Tocsin-Alert", "List-Unsubscribe", "List-Unsubscribe-Post"},
	}}, nil
}

// sign gives the DKIM-Signature field of a message, with its line end.
func (s *signer) sign(m message) (string, error) {
	w, err := dkim.NewSigner(&s.options)
	if err != nil {
		return "", err
	}
	for _, part := range [...][]byte{m.own, m.shared, []byte("\r\n")} {
		if _, err := w.Write(part); err != nil {
			_ = w.Close()
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return w.Signature(), nil
}
