package serve

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"tocsin/alerting/desk"
	"tocsin/cap/dsig"
	"tocsin/cmd/tocsin/config"
)

// Signing reads the key, the certificates and the anchors of a configuration; nil when it names no key. That the certificate
// is valid now is not looked at.
func Signing(c config.Signing) (*desk.Signing, error) {
	if c.KeyFile == "" {
		return nil, nil
	}
	signer, err := Signer(c.KeyFile, c.CertificateFile, c.C14N)
	if err != nil {
		return nil, err
	}
	s := &desk.Signing{Signer: signer}
	for _, file := range c.AnchorFiles {
		anchors, err := Certificates(file)
		if err != nil {
			return nil, fmt.Errorf("anchor_files: %w", err)
		}
		s.Anchors = append(s.Anchors, anchors...)
	}
	if len(s.Anchors) == 0 {
		s.Anchors = signer.Certificates[:1]
	}
	return s, nil
}

// forms are the canonical forms by the names that the configuration and the command line give them.
func forms() map[string]dsig.C14N {
	return map[string]dsig.C14N{"": dsig.Exclusive, "exclusive": dsig.Exclusive, "inclusive": dsig.Inclusive, "inclusive11": dsig.Inclusive11}
}

// Signer reads a key and its certificates. The form is exclusive, inclusive or inclusive11; empty means exclusive.
func Signer(keyFile, certificateFile, form string) (dsig.Signer, error) {
	c14n, ok := forms()[form]
	if !ok {
		return dsig.Signer{}, fmt.Errorf("c14n %q: want exclusive, inclusive or inclusive11", form)
	}
	key, err := signerKey(keyFile)
	if err != nil {
		return dsig.Signer{}, fmt.Errorf("key_file: %w", err)
	}
	certificates, err := Certificates(certificateFile)
	if err != nil {
		return dsig.Signer{}, fmt.Errorf("certificate_file: %w", err)
	}
	s := dsig.Signer{Key: key, Certificates: certificates, Form: c14n}
	return s, s.Check()
}

// signerKey reads a private key for RSA or ECDSA.
func signerKey(file string) (crypto.Signer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM", file)
	}
	var key any
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		err = errors.New("no private key")
	}
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s: want a private key for RSA or ECDSA P-256, unencrypted, in PEM", file)
	}
	return signer, nil
}

// Certificates reads all certificates of a PEM file; there must be one at the least.
func Certificates(file string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s holds a %s; want certificates only", file, block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d cannot be read: %w", file, len(out)+1, err)
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return out, nil
}

// signingYears is how long a certificate of our own making is valid.
const signingYears = 3

// MakeSigningKey writes an ECDSA P-256 key (signing.pem) and a certificate that it signs itself (signing.crt) into a folder,
// and gives the name of the latter, which is what the office publishes. The subject is the office's name.
func MakeSigningKey(dir, office string, now time.Time) (certificate string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: office}, NotBefore: now.Add(-time.Hour).UTC(),
		NotAfter: now.AddDate(signingYears, 0, 0).UTC(), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	if err := writeSecret(filepath.Join(dir, "signing.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})); err != nil {
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	certificate = filepath.Join(dir, "signing.crt")
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil { //nolint:gosec // it is public
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	return certificate, nil
}
