package console

import (
	"fmt"
	"net/http"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
)

// report answers with the report on an alert: ?part=summary|areas|failures|unreached&format=json|csv|xlsx. A list may be long: it is read
// page by page where ?limit= or ?after= asks for that (unreached), or else whole; when
// it cannot be read to its end the answer is cut off in a way that every client of HTTP notices, and never just shorter.
func (c *Console) report(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	part, format, err := report.ParseOrder(r.URL.Query().Get("part"), r.URL.Query().Get("format"))
	if err != nil {
		return err
	}
	if query := r.URL.Query(); query.Has("limit") || query.Has("after") {
		return c.unreached(w, r, id, part, format)
	}
	name := "alert-" + id.String()
	if part != report.Whole {
		name += "-" + string(part)
	}
	d := &download{w: w, control: http.NewResponseController(w), head: func(h http.Header) {
		h.Set("Content-Type", format.MediaType())
		h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name+"."+string(format)))
	}}
	// A workbook is complete before its first byte leaves.
	d.extend(importEnd)
	err = c.Reporter.Write(r.Context(), d, id, part, format)
	if err == nil || !d.begun {
		return err
	}
	c.Log.ErrorContext(r.Context(), "a report was cut off", "alert", id.String(), "part", string(part), "error", err)
	d.cut()
	return nil
}

// timeline says what happened to an alert.
func (c *Console) timeline(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := c.Reporter.Timeline(r.Context(), id)
	return orJSON(w, all, err)
}

// unreached answers with a page of the list of the unreached. It alone is read page by page, as JSON: the other parts are short, and a
// file is wanted whole.
func (c *Console) unreached(w http.ResponseWriter, r *http.Request, id alerting.AlertID, part report.Part, format report.Format) error {
	if part != report.UnreachedPart || format != report.JSON {
		return alerting.Refuse(alerting.ErrInvalid, "request.unreached", "limit and after: they go with part=unreached in JSON; leave them out here")
	}
	p, err := c.pageOf(r, "unreached "+id.String())
	if err != nil {
		return err
	}
	all, last, err := c.Reporter.UnreachedAfter(r.Context(), id, p.at, p.limit)
	if err != nil {
		return err
	}
	p.next(w, r, len(all), last, "")
	writeJSON(w, http.StatusOK, all)
	return nil
}

// download is an answer that may take longer than the server's time-outs: they are moved on as long as it goes on.
type download struct {
	w       http.ResponseWriter
	control *http.ResponseController
	head    func(http.Header)
	begun   bool
}

// Write begins the answer when there is something to say.
func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.head(d.w.Header())
	}
	d.extend(importPause)
	return d.w.Write(b)
}

// extend moves both ends of time: the server takes the end of the time to read for the caller's leaving.
func (d *download) extend(by time.Duration) {
	end := time.Now().Add(by)
	_ = d.control.SetReadDeadline(end)
	_ = d.control.SetWriteDeadline(end)
}

// cut makes the end of the answer unwritable: its caller sees that it is incomplete.
func (d *download) cut() {
	_ = d.control.Flush()
	_ = d.control.SetWriteDeadline(time.Unix(1, 0))
}
