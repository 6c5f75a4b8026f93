package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tocsin/alerting/report"
)

// rateOver is the time over which a stream reckons how fast a channel goes.
const rateOver = 10 * time.Second

// deliveryStream passes the API's stream of an alert on as HTML: the event "delivery" with the part of the page that changes, and at last
// "settled". Whoever has no script reloads the page.
func deliveryStream(q *request) error {
	r, err := q.toAPI(call{method: http.MethodGet, path: q.api("alerts", q.id(), "events")})
	if err != nil {
		return err
	}
	s := &streamed{q: q, header: make(http.Header)}
	q.p.API.ServeHTTP(s, r)
	if s.err != nil && !s.begun {
		return s.err
	}
	if s.err != nil {
		q.p.Log.WarnContext(q.r.Context(), "a stream of a delivery was cut off", "alert", q.id(), "error", s.err)
	}
	return nil
}

// streamed is where the API writes its events.
type streamed struct {
	q      *request
	header http.Header
	begun  bool
	// refused is the status of an answer that is no stream.
	refused int
	rest    []byte
	past    []*delivery
	err     error
}

// Unwrap lets the API flush, and move the times on (http.ResponseController).
func (s *streamed) Unwrap() http.ResponseWriter { return s.q.w }

// Header is that of the API; the browser gets what it needs of it.
func (s *streamed) Header() http.Header { return s.header }

// WriteHeader begins the stream, or keeps a refusal.
func (s *streamed) WriteHeader(status int) {
	if s.begun || s.refused != 0 {
		return
	}
	if status != http.StatusOK {
		s.refused = status
		// Browsers ask again by themselves unless the answer is a refusal.
		if wait := s.header.Get("Retry-After"); wait != "" {
			s.q.w.Header().Set("Retry-After", wait)
		}
		http.Error(s.q.w, http.StatusText(status), status)
		s.begun = true
		return
	}
	s.begun = true
	s.q.w.Header().Set("Content-Type", "text/event-stream")
	s.q.w.WriteHeader(http.StatusOK)
}

func (s *streamed) Write(text []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	if s.refused != 0 {
		return len(text), nil
	}
	s.rest = append(s.rest, text...)
	for {
		event, rest, whole := bytes.Cut(s.rest, []byte("\n\n"))
		if !whole {
			return len(text), nil
		}
		s.rest = rest
		if s.err = s.pass(string(event)); s.err != nil {
			return 0, s.err
		}
	}
}

// pass writes one event on.
func (s *streamed) pass(event string) error {
	name, data := "", ""
	for line := range strings.Lines(event) {
		line = strings.TrimSuffix(line, "\n")
		if v, ok := strings.CutPrefix(line, "event: "); ok {
			name = v
		}
		if v, ok := strings.CutPrefix(line, "data: "); ok {
			data = v
		}
	}
	switch name {
	case "status":
		return s.show(data)
	case "settled":
		_, err := fmt.Fprint(s.q.w, "event: settled\ndata: \n\n")
		return err
	}
	// A comment keeps the line alive.
	_, err := fmt.Fprint(s.q.w, ": nothing new\n\n")
	return err
}

func (s *streamed) show(data string) error {
	var status report.Status
	if err := json.Unmarshal([]byte(data), &status); err != nil {
		return err
	}
	var before *delivery
	for len(s.past) > 1 && s.q.p.Now().Sub(s.past[1].At) >= rateOver {
		s.past = s.past[1:]
	}
	if len(s.past) > 0 {
		before = s.past[0]
	}
	d := s.q.deliveryOf(s.q.id(), &status, before)
	s.past = append(s.past, d)
	html, err := s.q.part("alerts/alert", "delivery", d)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("event: delivery\n")
	for line := range strings.Lines(string(html)) {
		out.WriteString("data: " + strings.TrimRight(line, "\r\n") + "\n")
	}
	out.WriteString("\n")
	_, err = s.q.w.Write(out.Bytes())
	return err
}
