package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// certificates makes a certificate for 127.0.0.1 and the pool that trusts it.
func certificates(t *testing.T) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// tlsRelay is go-smtp's own server, with AUTH, over either kind of TLS.
func tlsRelay(t *testing.T, kind Security, certificate tls.Certificate, got func([]byte)) string {
	t.Helper()
	server := smtp.NewServer(backend{got})
	server.Domain = "relay.test"
	server.ErrorLog = quiet{}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if kind == ImplicitTLS {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type backend struct{ got func([]byte) }

func (b backend) NewSession(*smtp.Conn) (smtp.Session, error) { return &inbound{got: b.got}, nil }

type inbound struct {
	got           func([]byte)
	authenticated bool
}

func (s *inbound) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *inbound) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.authenticated = user == "warn" && password == "correct-horse"; !s.authenticated {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *inbound) Mail(string, *smtp.MailOptions) error {
	if !s.authenticated {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *inbound) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s *inbound) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.got(raw)
	return err
}

func (s *inbound) Reset()        {}
func (s *inbound) Logout() error { return nil }
