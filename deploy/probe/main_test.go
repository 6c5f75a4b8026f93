package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProbe(t *testing.T) {
	rows := []struct {
		name   string
		status int
		said   string
		want   string // in the error; empty: none
	}{
		{"well", 200, "ready", ""},
		{"not ready", 503, "redis: no answer\n", "503 Service Unavailable: redis: no answer"},
		{"not this program", 404, "", "404"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.said))
			}))
			defer server.Close()
			err := probe(t.Context(), server.URL+"/readyz")
			if (err == nil) != (row.want == "") || (err != nil && !strings.Contains(err.Error(), row.want)) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	if err := probe(t.Context(), "http://127.0.0.1:1/readyz"); err == nil {
		t.Error("nobody answers, and that is well")
	}
}
