package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"tocsin/alerting"
)

// answering is a client of a server that gives one answer to everything.
func answering(t *testing.T, status int, contentType, body string) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return clientOf(t, server.URL)
}

func clientOf(t *testing.T, url string) *Client {
	t.Helper()
	c, err := New(url, "token", "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOnlyTheAPICanRefuse: an order is refused when the API says so, and unknown whenever something else answers, or
// the API itself fails without a word about the order.
func TestOnlyTheAPICanRefuse(t *testing.T) {
	const problem, html = "application/problem+json", "text/html"
	for _, row := range []struct {
		name        string
		status      int
		contentType string
		body        string
		want        string
	}{
		{"accepted", 202, "application/json", `{"alert": "00112233445566778899aabbccddeeff", "outcome": "accepted"}`, "accepted"},
		{"refused", 400, problem, `{"title": "The input breaks a rule", "status": 400, "outcome": "refused"}`, "refused"},
		{"refused, with a charset", 400, problem + "; charset=utf-8", `{"status": 400, "outcome": "refused"}`, "refused"},
		{"the stores are away and nothing was written", 503, problem, `{"status": 503, "outcome": "refused"}`, "refused"},
		{"a token without the right", 403, problem, `{"title": "Not allowed", "status": 403}`, "refused"},
		{"the API does not know", 504, problem, `{"status": 504, "outcome": "unknown"}`, "unknown"},
		{"the API failed without a word", 500, problem, `{"title": "Internal error", "status": 500}`, "unknown"},
		{"a body that belittles its status", 500, problem, `{"title": "Internal error", "status": 400}`, "unknown"},
		{"an outcome that there is not", 400, problem, `{"status": 400, "outcome": "perhaps"}`, "unknown"},
		{"a balancer lost its server", 502, html, "<h1>502 Bad Gateway</h1>", "unknown"},
		{"a balancer has no server", 503, html, "<h1>503 Service Unavailable</h1>", "unknown"},
		{"a balancer lost patience", 504, html, "<h1>504 Gateway Time-out</h1>", "unknown"},
		{"a proxy that does not like us", 403, html, "<h1>Forbidden</h1>", "unknown"},
		{"a problem that is none", 502, problem, "<h1>502 Bad Gateway</h1>", "unknown"},
		{"a redirection to nowhere", 300, html, "", "unknown"},
		{"a good status and somebody else's page", 200, html, "<h1>Welcome</h1>", "unknown"},
		{"a good status and no outcome", 200, "application/json", "{}", "unknown"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := answering(t, row.status, row.contentType, row.body)
			_, err := c.Issue(t.Context(), []byte("<alert/>"), Order{})
			if have := outcomeOf(err); have != row.want {
				t.Errorf("issue: %s (%v), want %s", have, err, row.want)
			}
			_, err = c.Cancel(t.Context(), alerting.AlertID{1}, "over")
			if have := outcomeOf(err); have != row.want {
				t.Errorf("cancel: %s (%v), want %s", have, err, row.want)
			}
		})
	}
}

func outcomeOf(err error) string {
	var p *Problem
	switch {
	case err == nil:
		return "accepted"
	case errors.Is(err, ErrUnknown):
		return "unknown"
	case errors.As(err, &p):
		return "refused"
	}
	return fmt.Sprintf("neither: %v", err)
}

// TestAConnectionThatIsRefusedRefuses: nothing can have been issued by an API that took no connection.
func TestAConnectionThatIsRefusedRefuses(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, err := clientOf(t, server.URL).Issue(t.Context(), nil, Order{}); outcomeOf(err) != "refused" {
		t.Errorf("%v, want refused", err)
	}
}
