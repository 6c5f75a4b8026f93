package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// problem is an error as RFC 9457 writes it. Outcome says what became of a request to issue: refused or unknown.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Code says for good which refusal it is (alerting.Sentences): THING.WHAT where there is one sentence for it, or else the word of its kind.
	Code     string       `json:"code"`
	Detail   string       `json:"detail,omitempty"`
	Outcome  string       `json:"outcome,omitempty"`
	Findings cap.Findings `json:"findings,omitempty"`
}

// kindStatus is how one kind of error looks over HTTP. Its title has a Chinese name (alerting.Term), and its code a Chinese sentence.
type kindStatus struct {
	kind   error
	code   string
	status int
	title  string
}

// statuses is the one table from kinds of errors to HTTP.
func statuses() []kindStatus {
	return []kindStatus{
		{alerting.ErrUnknown, "unknown", http.StatusGatewayTimeout, "Outcome unknown: repeating the request is safe"},
		{alerting.ErrUnavailable, "unavailable", http.StatusServiceUnavailable, "A store cannot be reached"},
		{alerting.ErrInvalid, "invalid", http.StatusBadRequest, "The input breaks a rule"},
		{alerting.ErrNotFound, "not-found", http.StatusNotFound, "No such thing"},
		{alerting.ErrForbidden, "forbidden", http.StatusForbidden, "Not allowed"},
		{alerting.ErrConflict, "conflict", http.StatusConflict, "Conflicts with what is there"},
		{alerting.ErrState, "state", http.StatusConflict, "Not possible in this state"},
	}
}

// problemOf is an error as a problem, in English, with the code of its kind.
func problemOf(err error) problem {
	p := problem{Type: "about:blank", Status: http.StatusInternalServerError, Title: "Internal error", Code: "internal"}
	var findings cap.Findings
	if errors.As(err, &findings) {
		p.Status, p.Title, p.Code, p.Findings = http.StatusBadRequest, "The document breaks rules of CAP", "findings", findings
		return p
	}
	for _, row := range statuses() {
		if errors.Is(err, row.kind) {
			p.Status, p.Title, p.Code, p.Detail = row.status, row.title, row.code, err.Error()
			break
		}
	}
	return p
}

// tongueOf is the language that whoever asks wants to read, en or zh: ?lang= says so, or else the header Accept-Language.
func tongueOf(r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); asked == "zh" || asked == "" && strings.HasPrefix(r.Header.Get("Accept-Language"), "zh") {
		return "zh"
	}
	return "en"
}

// problemIn is problemOf in a language, with the code of the refusal where it is one.
func problemIn(tongue string, err error) problem {
	return problemOf(err).in(tongue, err)
}

// in puts a problem, which says why with an error, into a language. In Chinese what has no sentence of its own begins with that of its
// kind, and the English follows.
func (p problem) in(tongue string, err error) problem {
	general := p.Code
	if known := p.Status != http.StatusInternalServerError && p.Findings == nil; known {
		if r := alerting.RefusalOf(err); r != nil {
			p.Code = r.Code()
		}
	}
	if tongue != "zh" {
		return p
	}
	p.Title, p.Findings = titleIn(tongue, p.Title), alerting.FindingsIn(tongue, p.Findings)
	exact, ok := alerting.InChinese(err)
	switch {
	case p.Findings != nil:
	case p.Status == http.StatusInternalServerError:
		p.Detail = alerting.General(general)
	case ok:
		p.Detail = exact
	default:
		p.Detail = alerting.General(general) + "英文说明：" + p.Detail
	}
	return p
}

// titleIn is the title of a problem in a language.
func titleIn(tongue, title string) string {
	if tongue == "zh" {
		return alerting.Term(title).Chinese()
	}
	return title
}

// turnDown answers with a status that no kind of error has; the refusal says why.
func turnDown(w http.ResponseWriter, r *http.Request, status int, title string, why error) {
	p := problem{Type: "about:blank", Status: status, Title: title, Detail: why.Error()}
	writeProblem(w, p.in(tongueOf(r), why))
}

// fail answers with a problem. What is not one of the known kinds is logged and kept from the caller.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemIn(tongueOf(r), err)
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
