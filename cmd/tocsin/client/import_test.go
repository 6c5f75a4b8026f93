package client

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/audience"
)

// impatient is a client of an API that plays an import, with little patience.
func impatient(t *testing.T, patience time.Duration, play http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(play)
	t.Cleanup(server.Close)
	c := clientOf(t, server.URL)
	c.patience = patience
	return c
}

// TestAnImportThatStandsStillEnds: whether the API takes no answer, or stops in the middle of one.
func TestAnImportThatStandsStillEnds(t *testing.T) {
	for name, play := range map[string]http.HandlerFunc{
		"no answer at all": func(_ http.ResponseWriter, r *http.Request) { stand(r) },
		"one line, and no more": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"progress": {"lines": 1}}`+"\n")
			_ = http.NewResponseController(w).Flush()
			stand(r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := impatient(t, 50*time.Millisecond, play)
			_, err := c.Import(t.Context(), "people", strings.NewReader("person\n"), nil)
			if !errors.Is(err, errStill) {
				t.Errorf("%v, want %v", err, errStill)
			}
		})
	}
}

// stand reads what comes and waits until the caller is gone.
func stand(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// TestAnImportThatMovesGoesOn: it may last far longer than the patience, as long as each step is shorter.
func TestAnImportThatMovesGoesOn(t *testing.T) {
	const patience, steps = 400 * time.Millisecond, 12
	c := impatient(t, patience, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			_, _ = io.WriteString(w, `{"progress": {"lines": 1}}`+"\n")
			_ = control.Flush()
		}
		_, _ = io.WriteString(w, `{"result": {"lines": 12}}`+"\n")
	})
	file, writer := io.Pipe()
	step := make(chan struct{}, 1)
	go func() {
		pace := time.NewTicker(patience / 8)
		defer pace.Stop()
		for range steps {
			<-pace.C
			_, _ = io.WriteString(writer, "a line\n")
			<-step
		}
		_ = writer.Close()
	}()
	began := time.Now()
	r, err := c.Import(t.Context(), "people", file, func(audience.Progress) { step <- struct{}{} })
	if err != nil || r.Lines != steps {
		t.Errorf("%+v %v, want %d lines", r, err, steps)
	}
	if took := time.Since(began); took <= patience {
		t.Errorf("it took %v: the test shows nothing", took)
	}
}

// TestAnImportsProblem: what was imported before it is told with it.
func TestAnImportsProblem(t *testing.T) {
	c := answering(t, 200, "application/x-ndjson", `{"problem": {"title": "Internal error", "status": 500}, "result": {"new": 3}}`)
	r, err := c.Import(t.Context(), "people", strings.NewReader(""), nil)
	var p *Problem
	if !errors.As(err, &p) || r.New != 3 {
		t.Errorf("%+v %v, want a problem and 3 new", r, err)
	}
}
