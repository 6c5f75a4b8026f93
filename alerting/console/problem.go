package console

import (
	"encoding/json"
	"errors"
	"net/http"

	"tocsin/alerting"
	"tocsin/cap"
)

// problem is an error as RFC 9457 writes it. Outcome says what became of a request to issue: refused or unknown.
type problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail,omitempty"`
	Outcome  string       `json:"outcome,omitempty"`
	Findings cap.Findings `json:"findings,omitempty"`
}

// kindStatus is how one kind of error looks over HTTP.
type kindStatus struct {
	kind   error
	status int
	title  string
}

// statuses is the one table from kinds of errors to HTTP.
func statuses() []kindStatus {
	return []kindStatus{
		{alerting.ErrUnknown, http.StatusGatewayTimeout, "Outcome unknown: repeating the request is safe"},
		{alerting.ErrUnavailable, http.StatusServiceUnavailable, "A store cannot be reached"},
		{alerting.ErrInvalid, http.StatusBadRequest, "The input breaks a rule"},
		{alerting.ErrNotFound, http.StatusNotFound, "No such thing"},
		{alerting.ErrForbidden, http.StatusForbidden, "Not allowed"},
		{alerting.ErrConflict, http.StatusConflict, "Conflicts with what is there"},
		{alerting.ErrState, http.StatusConflict, "Not possible in this state"},
	}
}

func problemOf(err error) problem {
	p := problem{Type: "about:blank", Status: http.StatusInternalServerError, Title: "Internal error"}
	var findings cap.Findings
	if errors.As(err, &findings) {
		p.Status, p.Title, p.Findings = http.StatusBadRequest, "The document breaks rules of CAP", findings
		return p
	}
	for _, row := range statuses() {
		if errors.Is(err, row.kind) {
			p.Status, p.Title, p.Detail = row.status, row.title, err.Error()
			break
		}
	}
	return p
}

// fail answers with a problem. What is not one of the known kinds is logged and kept from the caller.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status == http.StatusInternalServerError {
		c.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
