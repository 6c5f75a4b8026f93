package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
)

// The times of a stream of events: how often the standing is looked at, how often something is sent although nothing changed, so
// that nobody between takes the line for dead, and when a stream ends that nobody closed.
const (
	eventEvery = time.Second
	eventAlive = 15 * time.Second
	eventLimit = 6 * time.Hour
)

// maxWatchers is how many streams there are at once.
const maxWatchers = 64

// events streams the standing of an alert (text/event-stream, HTML §9.2): the event "status" with what GET /api/alerts/{id}
// answers, whenever it changes, and at last "settled", when nothing can change any more.
func (c *Console) events(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := c.Reporter.Status(r.Context(), id)
	if err != nil {
		return err
	}
	select {
	case c.watching <- struct{}{}:
		defer func() { <-c.watching }()
	default:
		w.Header().Set("Retry-After", "10")
		turnDown(w, r, http.StatusTooManyRequests, "Too many watch at once",
			alerting.Refuse(nil, "request.watchers", "%d streams are open; close one, or ask for the status now and then", maxWatchers))
		return nil
	}
	w.Header().Set("Content-Type", "text/event-stream")
	e := &eventStream{w: w, control: http.NewResponseController(w)}
	tick := time.NewTicker(eventEvery)
	defer tick.Stop()
	end := time.NewTimer(eventLimit)
	defer end.Stop()
	for {
		if err := e.status(s); err != nil || settled(&s) {
			return nil // whoever watched has left, or knows all
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-end.C:
			return nil
		case <-tick.C:
		}
		// While a store is away there is no news; the stream stays open.
		if next, err := c.Reporter.Status(r.Context(), id); err == nil {
			s = next
		}
	}
}

// settled reports whether nothing of an alert can change any more, but for late receipts.
func settled(s *report.Status) bool {
	for _, c := range s.Channels {
		if c.States.Open() > 0 {
			return false
		}
	}
	switch s.Status {
	case "done", "cancelled", "expired", "sealed":
		return s.Ready
	}
	return false
}

// eventStream writes events, each within a time of its own.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    []byte
	said    time.Time
}

func (e *eventStream) status(s report.Status) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	now := time.Now()
	// The end of either time would end the request, although the caller has nothing more to send.
	_ = e.control.SetReadDeadline(now.Add(requestTimeout))
	_ = e.control.SetWriteDeadline(now.Add(requestTimeout))
	var text string
	switch {
	case !bytes.Equal(data, e.last):
		text = "event: status\ndata: " + string(data) + "\n\n"
	case now.Sub(e.said) >= eventAlive:
		text = ": nothing new\n\n"
	}
	if settled(&s) {
		text += "event: settled\ndata: {}\n\n"
	}
	if text == "" {
		return nil
	}
	e.last, e.said = data, now
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}
