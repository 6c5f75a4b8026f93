package sim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"tocsin/cmd/gatewaysim/sim"
)

const mailID = "0123456789abcdef0123456789abcdef"

func letter(size int) string {
	return "From: warnings@example.org\r\nTo: you@example.org\r\nSubject: Flood\r\nx-tocsin-alert: " + mailID + "\r\n\r\n" + strings.Repeat("Flood.\r\n", size/8)
}

// mailTo sends one message; codes has the answer to each RCPT and then that to DATA, 0 for none.
func mailTo(t *testing.T, c *smtp.Client, size int, to ...string) (codes []int) {
	t.Helper()
	code := func(err error) int {
		var se *smtp.SMTPError
		switch {
		case err == nil:
			return 250
		case errors.As(err, &se):
			return se.Code
		}
		return 0
	}
	if err := c.Mail("warnings@example.org", nil); err != nil {
		return append(codes, code(err))
	}
	taken := 0
	for _, to := range to {
		codes = append(codes, code(c.Rcpt(to, nil)))
		if codes[len(codes)-1] == 250 {
			taken++
		}
	}
	if taken == 0 {
		_ = c.Reset() // fails when the server hung up, which codes tell already
		return codes
	}
	w, err := c.Data()
	if err != nil {
		return append(codes, code(err))
	}
	if _, err := fmt.Fprint(w, letter(size)); err != nil {
		return append(codes, code(err))
	}
	return append(codes, code(w.Close()))
}

func dialMail(t *testing.T, s *sim.Sim) *smtp.Client {
	t.Helper()
	c, err := smtp.Dial(s.Addr("mail"))
	if err != nil {
		t.Fatal(err)
	}
	c.CommandTimeout, c.SubmissionTimeout = 600*time.Millisecond, 600*time.Millisecond
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestMailRecipients(t *testing.T) {
	s := start(t, func(c *sim.Config) { c.Faults = sim.MagicRules() })
	c := dialMail(t, s)
	codes := mailTo(t, c, 1000, "a@example.org", "b+550@example.org", "c+450@example.org", "d+552@example.org", "e@example.org")
	if want := []int{250, 550, 450, 552, 250, 250}; !slices.Equal(codes, want) {
		t.Errorf("answers %v, want %v", codes, want)
	}
	if codes := mailTo(t, c, 1000, "c+450@example.org", "a@example.org"); !slices.Equal(codes, []int{250, 250, 250}) {
		t.Errorf("second time %v", codes)
	}
	a := s.Stats(sim.Mail, mailID).Alerts
	if len(a) != 1 || a[0].Arrivals != 4 || a[0].Unique != 3 || a[0].Duplicates != 1 {
		t.Errorf("stats %+v", a)
	}
	if n := countKind(t, s, sim.Mail, sim.Refused); n != 3 {
		t.Errorf("%d refusals logged, want 3", n)
	}
}

func TestMailFaults(t *testing.T) {
	for _, row := range []struct {
		name, rule string
		codes      []int
		arrivals   int
	}{
		{"outage", `{"kind":"status"}`, []int{451}, 0},
		{"busy", `{"kind":"status","status":429}`, []int{421}, 0},
		{"421", `{"kind":"status","status":421}`, []int{421}, 0},
		{"554", `{"kind":"status","status":554}`, []int{554}, 0},
		{"404 is 550", `{"kind":"status","status":404}`, []int{550}, 0},
		{"limit", `{"kind":"limit","rate":0.001}`, []int{250, 421}, 0},
		{"hang", `{"kind":"hang"}`, []int{250, 250, 0}, 2},
		{"stall", `{"kind":"stall"}`, []int{0}, 0},
		{"reset after", `{"kind":"reset_after"}`, []int{250, 250, 0}, 2},
		{"reset before", `{"kind":"reset_before"}`, []int{0}, 0},
		{"junk", `{"kind":"bad_json"}`, []int{250, 250, 0}, 2},
		{"drip", `{"kind":"drip","delay":"200ms"}`, []int{250, 250, 0}, 2},
		{"drip that ends", `{"kind":"drip","delay":"10us"}`, []int{250, 250, 250}, 2},
		{"redirect", `{"kind":"redirect"}`, []int{451}, 0},
		{"big body", `{"kind":"big_body"}`, []int{250, 250, 0}, 2},
		{"latency", `{"kind":"latency","delay":"2ms"}`, []int{250, 250, 250}, 2},
		{"queue", `{"kind":"queue","rate":500}`, []int{250, 250, 250}, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := start(t, nil)
			setFault(t, s, row.rule)
			codes := mailTo(t, dialMail(t, s), 1000, "a@example.org", "b@example.org")
			if !slices.Equal(codes[:min(len(codes), len(row.codes))], row.codes) {
				t.Errorf("answers %v, want %v", codes, row.codes)
			}
			if n := countKind(t, s, sim.Mail, sim.Arrive); n != row.arrivals {
				t.Errorf("%d arrivals, want %d", n, row.arrivals)
			}
			if row.name == "queue" {
				eventually(t, "both land", func() bool { return s.Stats(sim.Mail, mailID).Alerts[0].Landed == 2 })
			}
		})
	}
}

func TestMailConnectionEndsAfter421(t *testing.T) {
	s := start(t, nil)
	setFault(t, s, `{"kind":"status","status":421}`)
	c := dialMail(t, s)
	mailTo(t, c, 10, "a@example.org")
	if err := c.Noop(); err == nil {
		t.Error("the connection goes on after 421")
	}
}

func TestMailAuthAndSize(t *testing.T) {
	s := start(t, func(c *sim.Config) {
		c.SMTP = sim.SMTPConfig{User: "tocsin", Password: "secret", MaxBytes: 2000}
	})
	c := dialMail(t, s)
	if codes := mailTo(t, c, 10, "a@example.org"); !slices.Equal(codes, []int{502}) {
		t.Errorf("without AUTH: %v", codes)
	}
	if err := c.Auth(sasl.NewPlainClient("", "tocsin", "wrong")); err == nil {
		t.Error("a wrong password was accepted")
	}
	if err := c.Auth(sasl.NewPlainClient("", "tocsin", "secret")); err != nil {
		t.Fatal(err)
	}
	if codes := mailTo(t, c, 10, "a@example.org"); !slices.Equal(codes, []int{250, 250}) {
		t.Errorf("with AUTH: %v", codes)
	}
	if codes := mailTo(t, c, 4000, "a@example.org"); !slices.Equal(codes, []int{250, 552}) {
		t.Errorf("too large: %v", codes)
	}
	if n := countKind(t, s, sim.Mail, sim.Arrive); n != 1 {
		t.Errorf("%d arrivals, want 1", n)
	}
}

// certificate makes a self-signed one for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLSOnAllListeners(t *testing.T) {
	cert, pool := certificate(t)
	s := start(t, func(c *sim.Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	})
	trust := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	c, err := smtp.DialStartTLS(s.Addr("mail"), trust)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if codes := mailTo(t, c, 100, "a@example.org"); !slices.Equal(codes, []int{250, 250}) {
		t.Errorf("mail over STARTTLS: %v", codes)
	}
	setFault(t, s, `{"on":"mail","kind":"hang"}`)
	c.SubmissionTimeout = 500 * time.Millisecond
	if codes := mailTo(t, c, 100, "a@example.org"); !slices.Equal(codes, []int{250, 0}) {
		t.Errorf("hanging mail over STARTTLS: %v", codes)
	}
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: trust}, Timeout: patience}
	sub, opt := subscribe(t, s, "n=1")[0], vapid(t)
	opt.HTTPClient = web
	pushed, err := webpush.SendNotificationWithContext(t.Context(), []byte("x"), sub, opt)
	if err != nil {
		t.Fatal(err)
	}
	_ = pushed.Body.Close()
	if pushed.StatusCode != http.StatusCreated {
		t.Errorf("push over TLS: %d", pushed.StatusCode)
	}
	if !strings.HasPrefix(sub.Endpoint, "https://127.0.0.1:") {
		t.Errorf("endpoint %s", sub.Endpoint)
	}
	for _, url := range []string{s.URL("sms") + "/", s.URL("push") + "/"} {
		resp, err := web.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", url, resp.StatusCode)
		}
	}
	setFault(t, s, `{"on":"sms","kind":"reset_before"}`)
	resp, err := web.Post(s.URL("sms")+"/2010-04-01/Accounts/x/Messages.json", "application/x-www-form-urlencoded", strings.NewReader("To=1"))
	if err == nil {
		_ = resp.Body.Close()
		t.Error("no reset through TLS")
	}
}

// BenchmarkMailAccept sends whole messages of 4 kB over kept connections; half of the time is the client's.
func BenchmarkMailAccept(b *testing.B) {
	s := start(b, nil)
	body := letter(4096)
	b.RunParallel(func(pb *testing.PB) {
		c, err := smtp.Dial(s.Addr("mail"))
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		for pb.Next() {
			if err := c.SendMail("warnings@example.org", []string{"a@example.org"}, strings.NewReader(body)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
