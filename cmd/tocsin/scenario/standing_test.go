package scenario

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/report"
	"tocsin/alerting/store"
	"tocsin/cmd/tocsin/serve"
)

// stands puts a standing authorisation into a forged envelope that everything is within, signed by some administrators, with the
// true signatures of the author who releases it. What it lacks is the desk's signature.
func (o *Office) stands(e *alerting.Envelope, admins ...string) {
	o.tb.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	s := &alerting.StandingOrder{Name: "forged", Kind: approval.Countersigned, Operators: []string{"first"}, CountersignWithin: 15, Reason: "forged", At: now,
		Bounds: alerting.StandingBounds{Categories: []string{"Met"}, Severity: "Extreme", Channels: alerting.Channels(), People: 1 << 30, Sirens: 1 << 30,
			PerHour: 10, Burst: 10, Polygons: [][][2]float64{{{-80, -170}, {-80, 170}, {80, 170}, {80, -170}, {-80, -170}}},
			From: now.Add(-time.Hour), Until: now.Add(time.Hour)}}
	signer := func(name string) approval.Signer {
		key, err := serve.OperatorKey(o.OperatorFile(name))
		if err != nil {
			o.tb.Fatal(err)
		}
		return key
	}
	for _, admin := range admins {
		a, err := approval.SignStanding(signer(admin), *s, admin, now)
		if err != nil {
			o.tb.Fatal(err)
		}
		s.By = append(s.By, a)
	}
	e.Standing = s
	for _, act := range []approval.Act{approval.Author, approval.Release} {
		st, err := approval.Over(e, act, "first", now)
		if err != nil {
			o.tb.Fatal(err)
		}
		a, err := signer("first").Sign(st)
		if err != nil {
			o.tb.Fatal(err)
		}
		e.Approvals = append(e.Approvals, a)
	}
}

// within is how long an unattended alert may take from the partner's POST to the first request at a gateway.
const within = 2 * time.Second

// TestUnattended: what a pinned partner signed goes out by itself, fast. The same envelope with other words, or under a
// standing authorisation that was widened, sends nothing, though all its other signatures are true. The oracle is what the
// gateways received.
func TestUnattended(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Approvals: true, Inbox: `{name: weather, anchor_files: ["{{partner}}"]}`})
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "resident", SMS: number, Places: []string{p.Inside(1)}})
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	text, err := os.ReadFile(filepath.Join(o.Dir, "partner", "signing.crt"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	var points [][2]float64
	for _, at := range p.Area().Polygons[0] {
		points = append(points, [2]float64{at.Lat, at.Lon})
	}
	now := time.Now().UTC().Truncate(time.Second)
	s := alerting.StandingOrder{Name: "storms", Kind: approval.Alone, Source: "weather", Sender: "warnings@weather.example", Certificates: [][]byte{block.Bytes},
		Reason: "storms come at night", At: now, Bounds: alerting.StandingBounds{Categories: []string{"Met", "Geo", "Safety"}, Severity: "Extreme",
			Channels: alerting.Channels(), People: 10, Sirens: 10, PerHour: 1, Burst: 1, Polygons: [][][2]float64{points},
			From: now.Add(-time.Hour), Until: now.Add(time.Hour)}}
	for _, admin := range []string{"first", "second"} {
		key, err := serve.OperatorKey(o.OperatorFile(admin))
		if err != nil {
			t.Fatal(err)
		}
		a, err := approval.SignStanding(key, s, admin, now)
		if err != nil {
			t.Fatal(err)
		}
		s.By = append(s.By, a)
	}
	id, err := o.Caller("first").Authorise(ctx, s)
	if err != nil {
		t.Fatal(err)
	}

	storm := o.Alert(Info(p.Area()))
	storm.Sender = s.Sender
	posted := time.Now()
	letter, err := o.API.PutInbox(ctx, "weather", o.signedBy("partner", o.Document(storm)))
	if err != nil || !strings.Contains(letter.Reason, id) {
		t.Fatalf("%+v %v", letter, err)
	}
	Until(t, patience, "it is at the gateway", func() error {
		if len(o.Arrivals()) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	if took := time.Since(posted); took > within {
		t.Errorf("%s from the POST to the gateway", took)
	} else {
		t.Logf("%s from the POST to the gateway", took.Round(time.Millisecond))
	}
	status, err := o.API.Status(ctx, letter.Alert)
	if err != nil || status.Standing != id {
		t.Errorf("%+v %v", status, err)
	}

	// The rate is one an hour: the next one waits.
	next := o.Alert(Info(p.Area()))
	next.Sender = s.Sender
	letter, err = o.API.PutInbox(ctx, "weather", o.signedBy("partner", o.Document(next)))
	if err != nil || letter.Draft == "" || !strings.Contains(letter.Reason, "1 alerts have gone out under it") {
		t.Errorf("%+v %v", letter, err)
	}

	// A forger has the true envelope.
	genuine, err := o.envelopeOf(ctx, alerting.IDOf(storm))
	if err != nil {
		t.Fatal(err)
	}
	kafka := o.stream(ctx)
	defer func() { _ = kafka.Close() }()
	publish := func(change func(e *alerting.Envelope)) {
		e := genuine
		order := *genuine.Standing
		e.Standing = &order
		other := *storm
		other.Identifier += "-forged"
		e.Document = o.Document(&other)
		change(&e)
		e.Digest = sha256.Sum256(e.Document)
		if err := kafka.Publish(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	publish(func(*alerting.Envelope) {})
	publish(func(e *alerting.Envelope) { e.Standing.Bounds.PerHour = 100 })
	publish(func(e *alerting.Envelope) {
		e.Original = bytes.ReplaceAll(e.Original, []byte("harbour"), []byte("quay"))
	})
	letters := lettersWhere(t, o, 3, "what was forged is set aside", func(l report.Letter) bool { return strings.Contains(l.Reason, "not approved") })
	if len(letters) != 3 || len(o.Arrivals()) != 1 {
		t.Errorf("%d set aside, %d arrived", len(letters), len(o.Arrivals()))
	}
}

// envelopeOf reads the envelope of an issued alert out of the database.
func (o *Office) envelopeOf(ctx context.Context, id alerting.AlertID) (alerting.Envelope, error) {
	var e alerting.Envelope
	address, err := serve.DatabaseURL(o.cfg)
	if err != nil {
		return e, err
	}
	db, err := store.Open(ctx, store.Config{URL: address})
	if err != nil {
		return e, err
	}
	defer func() { _ = db.Close() }()
	var text []byte
	if err := db.Read().NewRaw(`SELECT envelope FROM issues WHERE alert = ?`, id.String()).Scan(ctx, &text); err != nil {
		return e, err
	}
	return e, json.Unmarshal(text, &e)
}
