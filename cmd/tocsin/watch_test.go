package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

// TestAWatchGivesUp: when the API is gone for good the watch ends, in its time and with a reason.
func TestAWatchGivesUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		api, err := client.New("http://"+ln.Addr().String(), "token", "")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = (&terminal{out: io.Discard}).watchOnly(t.Context(), api, alerting.AlertID{1})
		wantGivenUp(t, err, "connection refused")
		if took := time.Since(began); took < watchPatience || took > watchPatience+callsInVain {
			t.Errorf("it gave up after %v, want %v", took, watchPatience)
		}
	})
}

// callsInVain is how much longer than its patience a watch may take: its last call.
const callsInVain = 31 * time.Second

func wantGivenUp(t *testing.T, err error, why string) {
	t.Helper()
	var e *exit
	if !errors.As(err, &e) || e.code != exitFailed || !strings.Contains(err.Error(), why) ||
		!strings.Contains(err.Error(), "can no longer be watched") {
		t.Errorf("%v, want a failure that says %q", err, why)
	}
}

// TestAWatchOutlivesAnOutage: answers that fail in between are not the end, and neither is the time before them.
func TestAWatchOutlivesAnOutage(t *testing.T) {
	answers := []string{`{"status": "expanding"}`, "", "", `{"status": "done", "ready": true}`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer := answers[0]
		if answers = answers[1:]; answer == "" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	api, err := client.New(server.URL, "token", "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&terminal{out: &out}).watchOnly(t.Context(), api, alerting.AlertID{1}); err != nil || !strings.Contains(out.String(), "done") {
		t.Errorf("%v, %s", err, out.String())
	}
}

// TestAWatchWithoutTheRightEnds: a token that may issue and not read gets no other answer by waiting.
func TestAWatchWithoutTheRightEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"title": "Not allowed", "detail": "the token issuer lacks the right read"}`)
	}))
	defer server.Close()
	api, err := client.New(server.URL, "token", "")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	wantGivenUp(t, (&terminal{out: io.Discard}).watchOnly(t.Context(), api, alerting.AlertID{1}), "lacks the right read")
	if took := time.Since(began); took >= watchPatience {
		t.Errorf("it took %v", took)
	}
}
