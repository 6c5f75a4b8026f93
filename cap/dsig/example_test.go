package dsig_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"tocsin/cap"
	"tocsin/cap/dsig"
)

// An office signs an alert; a stranger, who knows nothing but the published certificate, verifies it and reads what was signed.
func Example() {
	document := []byte(`<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>siren-test-7</identifier>
  <sender>warnings@office.example</sender>
  <sent>2026-05-24T11:00:00-00:00</sent>
  <status>Test</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
</alert>
`)
	now := time.Date(2026, 5, 24, 12, 0, 0, 0, time.UTC)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Harbour Emergency Office"},
		NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		fmt.Println(err)
		return
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		fmt.Println(err)
		return
	}

	signed, err := dsig.Signer{Key: key, Certificates: []*x509.Certificate{certificate}}.Sign(document)
	if err != nil {
		fmt.Println(err)
		return
	}

	report, err := dsig.Verify(signed, dsig.Trust{Anchors: []*x509.Certificate{certificate}, At: now})
	if err != nil || !report.Trusted() {
		fmt.Println(report, err)
		return
	}
	alert, err := cap.Parse(report.Document, cap.Options{})
	fmt.Println(alert.Identifier, "signed by", report.Signatures[0].Certificate.Subject.CommonName, err)
	// Output: siren-test-7 signed by Harbour Emergency Office <nil>
}
