package inbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// signer makes a key with a certificate that it signs itself.
func signer(t testing.TB, name string) dsig.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: noon.Add(-time.Hour),
		NotAfter: noon.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return dsig.Signer{Key: key, Certificates: []*x509.Certificate{certificate}}
}

// house is an inbox with a desk that only remembers.
type house struct {
	t *testing.T
	*Inbox
	partner, office dsig.Signer
	source          Source

	mu sync.Mutex
	// handed and drafted are the documents that came to the desk; refuse is its answer.
	handed, drafted []string
	refuse          error
	noted           []string
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, open(t, db)) })
}

func open(t *testing.T, db *store.DB) *house {
	h := &house{t: t, partner: signer(t, "Weather Service"), office: signer(t, "Office")}
	h.source = Source{Name: "weather", Anchors: h.partner.Certificates}
	var err error
	h.Inbox, err = New(Config{DB: db, Anchors: h.office.Certificates, Signs: true, MaxBytes: 64 << 10, MaxQuarantined: 8,
		Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
		Note: func(_ context.Context, _ bun.IDB, by alerting.Actor, verb, _ string, _ any) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.noted = append(h.noted, by.Name+" "+verb)
			return nil
		},
		Submit: func(_ context.Context, document, _ []byte, by alerting.Actor) (Handed, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.refuse != nil {
				return Handed{}, h.refuse
			}
			if by != (alerting.Actor{Name: "weather", Kind: "partner"}) {
				t.Errorf("handed in by %+v", by)
			}
			h.handed = append(h.handed, string(document))
			return Handed{Draft: fmt.Sprint("d", len(h.handed))}, nil
		},
		Draft: func(_ context.Context, document []byte, _ alerting.Actor) (string, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if a, found := cap.Read(document, cap.Options{}); a == nil {
				return "", errors.Join(alerting.ErrInvalid, found)
			}
			h.drafted = append(h.drafted, string(document))
			return "e1", nil
		}}, []Source{h.source})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// plain is an alert of the partner, unsigned.
func (h *house) plain(identifier string, change ...func(*cap.Alert)) []byte {
	h.t.Helper()
	a := &cap.Alert{Version: "1.2", Identifier: identifier, Sender: "warnings@weather.example", Sent: noon, Status: cap.StatusActual,
		MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Infos: []cap.Info{{Language: "en-US", Categories: []cap.Category{"Met"}, Event: "Storm",
			Urgency: cap.Immediate, Severity: cap.Severe, Certainty: cap.Observed, Expires: noon.Add(time.Hour), Headline: "Storm " + identifier,
			Areas: []cap.Area{{Description: "the coast"}}}}}
	for _, f := range change {
		f(a)
	}
	document, err := cap.Write(a)
	if err != nil {
		h.t.Fatal(err)
	}
	return document
}

func (h *house) signed(document []byte, by dsig.Signer) []byte {
	h.t.Helper()
	out, err := by.Sign(document)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) takes(document []byte) Letter {
	h.t.Helper()
	l, err := h.Take(context.Background(), document, h.source)
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

// all are the letters of the inbox by state.
func (h *house) all() map[State]int {
	h.t.Helper()
	letters, err := h.List(context.Background(), nil, alerting.Place{}, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	out := make(map[State]int)
	for _, l := range letters {
		out[l.State]++
	}
	return out
}
