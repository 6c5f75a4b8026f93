package push

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tocsin/channels"
)

// TestOneServiceDoesNotHoldUpTheOthers: a 429 closes one push service, without another request to it, and while others
// are well it is not the whole gateway's business.
func TestOneServiceDoesNotHoldUpTheOthers(t *testing.T) {
	var slow, well int
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slow++
		status(429, "Retry-After", "30")(w, r)
	}))
	defer busy.Close()
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		well++
		status(201)(w, r)
	}))
	defer good.Close()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := config(t, "")
	c.InsecureOrigins = []string{busy.URL, good.URL}
	g := newGateway(t, c, Deps{Now: func() time.Time { return now }})
	b := newBrowser(t)
	send := func(origin string) *channels.Failure {
		d := delivery(b.subscription(origin + "/s/1"))
		d.Expires = now.Add(time.Hour)
		if _, err := g.Send(t.Context(), d); err != nil {
			return channels.FailureOf(err)
		}
		return &channels.Failure{Reason: "accepted"}
	}
	if f := send(busy.URL); f.Class != channels.Busy || f.RetryAfter != 30*time.Second {
		t.Errorf("alone: %v, want busy for 30 s", f)
	}
	now = now.Add(10 * time.Second)
	if f := send(busy.URL); f.Class != channels.Busy || f.RetryAfter != 20*time.Second || slow != 1 {
		t.Errorf("still closed: %v, %d requests; want busy for 20 s, and 1", f, slow)
	}
	if f := send(good.URL); f.Reason != "accepted" {
		t.Errorf("the other service: %v", f)
	}
	if f := send(busy.URL); f.Class != channels.Transient || f.RetryAfter != 20*time.Second || slow != 1 {
		t.Errorf("beside one that is well: %v, want transient for 20 s", f)
	}
	now = now.Add(21 * time.Second)
	send(busy.URL)
	if slow != 2 {
		t.Errorf("%d requests after the pause, want 2", slow)
	}
}

// TestKeyRefusals: while a push service takes messages, a refused key is one subscription's; when it takes none, nobody
// is given up.
func TestKeyRefusals(t *testing.T) {
	code := 201
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { status(code)(w, r) }))
	defer server.Close()
	g := newGateway(t, config(t, server.URL), Deps{})
	b := newBrowser(t)
	send := func() error {
		_, err := g.Send(t.Context(), delivery(b.subscription(server.URL+"/s/1")))
		return err
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	code = 403
	for i := 1; i < manyRefusals; i++ {
		if f := channels.FailureOf(send()); f.Class != channels.Rejected {
			t.Fatalf("refusal %d: %v, want rejected", i, f)
		}
	}
	if f := channels.FailureOf(send()); f.Class != channels.Transient {
		t.Errorf("refusal %d: %v, want transient", manyRefusals, f)
	}
	code = 201
	if err := send(); err != nil {
		t.Fatal(err)
	}
	code = 401
	if f := channels.FailureOf(send()); f.Class != channels.Rejected {
		t.Errorf("after an accepted one: %v, want rejected", f)
	}
}

// TestDeadServiceRests: a service that never answers is left alone for a moment instead of holding every sender.
func TestDeadServiceRests(t *testing.T) {
	server := httptest.NewServer(status(201))
	origin := server.URL
	server.Close()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	g := newGateway(t, config(t, origin), Deps{Now: func() time.Time { return now }})
	b := newBrowser(t)
	for i := range manyTroubles {
		_, err := g.Send(t.Context(), delivery(b.subscription(origin+"/s/1")))
		if f := channels.FailureOf(err); f.Class != channels.Transient || f.Reason != "push: connection refused" {
			t.Fatalf("send %d: %v", i, err)
		}
	}
	_, err := g.Send(t.Context(), delivery(b.subscription(origin+"/s/1")))
	if f := channels.FailureOf(err); f.Class != channels.Busy || f.RetryAfter != restPause {
		t.Errorf("got %v, want busy for %s", err, restPause)
	}
}
