package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tocsin/alerting/report"
)

// timelineShown is what happened to an alert, and what it came to.
type timelineShown struct {
	*alertShown
	Moments []report.Moment
	// Outcome is nil while nobody was told yet, or the receipts are being rebuilt.
	Outcome *report.Outcome
}

// timelinePage shows all that happened to an alert; it is made to be printed.
func timelinePage(q *request) error {
	a, err := q.alert()
	if err != nil {
		return err
	}
	shown := timelineShown{alertShown: a}
	if err := q.get(q.api("alerts", a.ID, "timeline"), &shown.Moments); err != nil {
		return err
	}
	var out report.Outcome
	err = q.get(q.api("alerts", a.ID, "report"), &out)
	var problem *Problem
	switch {
	case err == nil:
		shown.Outcome = &out
	case errors.As(err, &problem) && (problem.Status == http.StatusConflict || problem.Status == http.StatusServiceUnavailable):
		// The timeline stands by itself.
	default:
		return err
	}
	return q.show("alerts/timeline", q.T("alerts.timeline.title", a.Title), shown)
}

// downloadReport passes the API's report on, as it comes: it may be long.
func downloadReport(q *request) error {
	query := url.Values{}
	for _, name := range []string{"part", "format"} {
		if v := q.Query(name); v != "" {
			query.Set(name, v)
		}
	}
	return q.pass(q.api("alerts", q.id(), "report") + "?" + query.Encode())
}

// downloadDocument passes the CAP document on, byte for byte.
func downloadDocument(q *request) error {
	q.w.Header().Set("Content-Disposition", `attachment; filename="`+strings.Map(fileLetter, q.id())+`.xml"`)
	return q.pass(q.api("alerts", q.id(), "document"))
}

// fileLetter keeps what may stand in the name of a file.
func fileLetter(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r == '-' {
		return r
	}
	return -1
}

// pass gives the browser what the API answers, without keeping it. A refusal is a *Problem.
func (q *request) pass(path string) error {
	r, err := q.toAPI(call{method: http.MethodGet, path: path})
	if err != nil {
		return err
	}
	p := &passed{ResponseWriter: q.w, header: make(http.Header)}
	q.p.API.ServeHTTP(p, r)
	if p.refused == nil {
		return nil
	}
	q.w.Header().Del("Content-Disposition")
	return p.refused.problem("GET " + path)
}

// passed is where the API writes what a browser gets.
type passed struct {
	http.ResponseWriter
	header  http.Header
	begun   bool
	refused *answer
}

// Unwrap lets the API move the times on (http.ResponseController).
func (p *passed) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// Header is that of the API.
func (p *passed) Header() http.Header {
	if p.refused != nil {
		return p.refused.header
	}
	return p.header
}

// WriteHeader begins the answer, or keeps a refusal.
func (p *passed) WriteHeader(status int) {
	if p.begun || p.refused != nil {
		return
	}
	if status >= http.StatusMultipleChoices {
		p.refused = &answer{header: p.header, status: status}
		return
	}
	p.begun = true
	for _, name := range []string{"Content-Type", "Content-Disposition"} {
		if v := p.header.Get(name); v != "" {
			p.ResponseWriter.Header().Set(name, v)
		}
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *passed) Write(text []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	if p.refused != nil {
		return p.refused.Write(text)
	}
	return p.ResponseWriter.Write(text)
}

// whoShown is what became of one person or siren.
type whoShown struct {
	*alertShown
	Who   *Field
	Found *report.Explanation
}

// whoPage says what became of one person or siren, in words.
func whoPage(q *request) error {
	a, err := q.alert()
	if err != nil {
		return err
	}
	shown := whoShown{alertShown: a, Who: &Field{Name: "who", Label: q.T("alerts.who"), Hint: q.T("alerts.who.hint"), Value: q.form("who"), Required: true, Max: 200}}
	status := http.StatusOK
	if shown.Who.Value != "" {
		var x report.Explanation
		err := q.get(q.api("alerts", a.ID, "explain", shown.Who.Value), &x)
		problem := (*Problem)(nil)
		switch {
		case err == nil:
			shown.Found = &x
		case errors.As(err, &problem):
			status, shown.Who.Said = problem.Status, wrongIn(problem.Detail)
			if problem.Status == http.StatusNotFound {
				shown.Who.Said = wrongIn(q.T("alerts.who.nobody", shown.Who.Value))
			}
		default:
			return err
		}
	}
	return q.showAs(status, "alerts/who", q.T("alerts.who.title", a.Title), shown)
}

// Milli is a moment in milliseconds since 1970.
func (q *request) Milli(ms int64) time.Time { return time.UnixMilli(ms) }

// Int is a small number as words count it.
func (q *request) Int(n uint8) int64 { return int64(n) }

// Day is a moment to the second, with its day: what is printed is read on another day.
func (q *request) Day(t time.Time) string { return t.In(q.p.zone()).Format("2006-01-02 15:04:05") }

// Zone is in which times are shown.
func (q *request) Zone() string { return q.p.zone().String() }
