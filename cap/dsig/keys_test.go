package dsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"
)

// noon is when all certificates of the tests are valid.
var noon = time.Date(2026, 5, 24, 12, 0, 0, 0, time.UTC)

// rsaKeyOnce makes the one RSA key: it takes a second.
var rsaKeyOnce = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func rsaSigner(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsaKeyOnce()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecdsaSigner(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// certify makes a certificate for a key: signed by an authority, or by the key itself where there is none.
func certify(t testing.TB, key crypto.Signer, by *x509.Certificate, byKey crypto.Signer, change ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Harbour Emergency Office"},
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(90 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true}
	for _, f := range change {
		f(template)
	}
	if by == nil {
		by, byKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, key.Public(), byKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// authority is a certificate that issues others.
func authority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.Subject.CommonName = true, x509.KeyUsageCertSign, "Harbour Authority"
}

// self is a signer with a certificate of its own making.
func self(t testing.TB, key crypto.Signer, form C14N) Signer {
	t.Helper()
	return Signer{Key: key, Certificates: []*x509.Certificate{certify(t, key, nil, nil)}, Form: form}
}

// trusting pins the signer's own certificate.
func trusting(s Signer) Trust { return Trust{Anchors: s.Certificates[:1], At: noon} }
