package pages

import (
	"net/http"
	"net/url"
	"time"

	"tocsin/alerting/report"
)

// archiveShown is the list of alerts, with what was searched for.
type archiveShown struct {
	Text, From, To, Status, Severity, Sender, Category *Field
	Lines                                              []listed
	// Next leads to older ones; empty at the end.
	Next string
	// Searched: something was asked for; More: it was more than a text.
	Searched, More bool
	Problem        *Problem
}

// listed is an alert of a list as its reader calls it.
type listed struct {
	report.Listing
	Title, Area string
}

// archivePage is how many alerts one page of the archive has.
const archivePage = "30"

// archive lists alerts, the latest first, or finds some.
func archive(q *request) error {
	shown := archiveShown{Text: &Field{Name: "q", Label: q.T("alerts.find"), Hint: q.T("alerts.find.hint"), Type: "search", Max: 200},
		From: &Field{Name: "from", Label: q.T("alerts.from"), Type: "date"}, To: &Field{Name: "to", Label: q.T("alerts.to"), Type: "date"},
		Status:   &Field{Name: "status", Label: q.T("alerts.status"), Type: "select", Options: q.options("alerts.status.", "", "live", "stopped", "over")},
		Severity: &Field{Name: "severity", Label: q.T("alerts.severity"), Type: "select", Options: q.options("alerts.severity.", "", "Extreme", "Severe", "Moderate", "Minor", "Unknown")},
		Sender:   &Field{Name: "sender", Label: q.T("alerts.sender"), Hint: q.T("alerts.sender.hint"), Max: 200},
		Category: &Field{Name: "category", Label: q.T("alerts.category"), Type: "select",
			Options: q.options("alerts.category.", "", "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other")}}
	query := url.Values{"limit": {archivePage}}
	for _, f := range []*Field{shown.Text, shown.From, shown.To, shown.Status, shown.Severity, shown.Sender, shown.Category} {
		f.Value = q.form(f.Name)
		if f.Value == "" {
			continue
		}
		shown.Searched, shown.More = true, shown.More || f != shown.Text
		if !q.narrow(query, f) {
			shown.Problem = &Problem{Status: http.StatusUnprocessableEntity, Detail: q.T("alerts.date.wrong")}
		}
	}
	if after := q.Query("after"); after != "" {
		query.Set("after", after)
	}
	if shown.Problem != nil {
		return q.showAs(shown.Problem.Status, "alerts/archive", q.T("alerts.title"), shown)
	}
	lines, next, err := q.list(query)
	if problem, ok := err.(*Problem); ok && problem.Status == http.StatusBadRequest { //nolint:errorlint // list gives it as it is
		shown.Problem = problem
		return q.showAs(problem.Status, "alerts/archive", q.T("alerts.title"), shown)
	}
	if err != nil {
		return err
	}
	shown.Lines = lines
	if next != "" {
		own := q.r.URL.Query()
		own.Set("after", next)
		own.Del("done")
		shown.Next = q.At("alerts") + "?" + own.Encode()
	}
	return q.show("alerts/archive", q.T("alerts.title"), shown)
}

// options are a choice whose words stand in the catalogue.
func (q *request) options(prefix string, values ...string) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		key := v
		if key == "" {
			key = "any"
		}
		out[i] = Option{Value: v, Label: q.T(prefix + key)}
	}
	return out
}

// narrow adds a field to the query of the API; days become moments in the office's zone. False: it is no day, which the field then says.
func (q *request) narrow(query url.Values, f *Field) bool {
	if f.Type != "date" {
		query.Set(f.Name, f.Value)
		return true
	}
	day, err := time.ParseInLocation(time.DateOnly, f.Value, q.p.zone())
	if err != nil {
		f.Said = wrongIn(q.T("alerts.date.wrong"))
		return false
	}
	if f.Name == "to" {
		day = day.AddDate(0, 0, 1) // the day itself is meant too
	}
	query.Set(f.Name, day.Format(time.RFC3339))
	return true
}

// list asks for alerts; next is the cursor of those behind them, empty at the end.
func (q *request) list(query url.Values) (lines []listed, next string, err error) {
	var all []report.Listing
	header, err := q.ask(call{method: http.MethodGet, path: q.api("alerts") + "?" + query.Encode()}, &all)
	if err != nil {
		return nil, "", err
	}
	for i := range all {
		t := titleIn(all[i].Titles, q.Lang)
		line := listed{Listing: all[i], Title: t.Headline, Area: t.Area}
		if line.Title == "" {
			line.Title = all[i].Alert.String()
		}
		lines = append(lines, line)
	}
	return lines, cursorOf(header), nil
}
