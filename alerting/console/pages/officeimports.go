package pages

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"tocsin/alerting/console"
)

// mostImported bounds a file that comes through a form, in bytes; larger ones are the command line's.
const mostImported = 256 << 20

func (p *Pages) officeImportRoutes() []route {
	return []route{
		{pattern: "GET /office/people", answer: peoplePage},
		{pattern: "POST /office/people", answer: importsOf("people"), most: mostImported},
		{pattern: "POST /office/sirens/import", answer: importsOf("sirens"), most: mostImported},
		{pattern: "POST /office/units/import", answer: importsOf("units"), most: mostImported},
	}
}

// importForm takes a file. Columns are what its first line may name.
type importForm struct {
	// What is people, sirens or units; Action is where the form goes.
	What, Action string
	Columns      []string
	Problem      string
}

// importFormOf is the form of an import.
func importFormOf(what string) *importForm {
	f := &importForm{What: what, Action: "/office/" + what + "/import"}
	switch what {
	case "people":
		f.Action = "/office/people"
		f.Columns = []string{"person", "language", "wants", "sms", "push", "mail", "verified", "places"}
	case "sirens":
		f.Columns = []string{"ref", "name", "lat", "lon", "group", "protocol", "gateway", "programmes", "max_seconds", "enabled"}
	case "units":
		f.Columns = []string{"code", "name", "parent"}
	}
	return f
}

func peoplePage(q *request) error {
	return q.show("office/people", q.T("office.people"), importFormOf("people"))
}

// imported is how an import ended.
type imported struct {
	What string
	console.ImportLine
	// Refused is why it ended before its end.
	Refused string
}

// importsOf hands a file on to the API as it came, and shows the result with what is wrong with its lines.
func importsOf(what string) func(q *request) error {
	return func(q *request) error {
		file, header, err := q.r.FormFile("file")
		if err != nil {
			f := importFormOf(what)
			f.Problem = q.T("office.import.nofile")
			return q.showAs(http.StatusBadRequest, "office/import", q.T("office.import."+what), f)
		}
		defer func() { _ = file.Close() }()
		media := "text/csv"
		if name := strings.ToLower(header.Filename); what == "units" && (strings.HasSuffix(name, "json")) {
			media = "application/geo+json"
		}
		result, err := q.importFile("/api/"+what, media, file)
		if problem := (*Problem)(nil); errors.As(err, &problem) {
			f := importFormOf(what)
			f.Problem = problem.Error()
			return q.showAs(problem.Status, "office/import", q.T("office.import."+what), f)
		}
		if err != nil {
			return err
		}
		result.What = what
		return q.show("office/imported", q.T("office.imported."+what), result)
	}
}

// importFile sends a file to an import of the API, whose answer is lines of JSON: progress, and at last the result or the problem.
func (q *request) importFile(path, media string, file io.Reader) (*imported, error) {
	r, err := q.toAPI(call{method: http.MethodPost, path: path, media: media})
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(file), -1
	a := &answer{header: make(http.Header)}
	q.p.API.ServeHTTP(a, r)
	if a.status >= http.StatusBadRequest {
		problem := &Problem{Status: a.status, Title: http.StatusText(a.status)}
		_ = json.Unmarshal(a.body.Bytes(), problem) // what is no problem document keeps the title
		return nil, problem
	}
	return lastLine(a.body.Bytes())
}

// lastLine is the last line of an import's answer that says how it ended.
func lastLine(text []byte) (*imported, error) {
	out := new(imported)
	for line := range bytes.Lines(text) {
		var l console.ImportLine
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, err
		}
		if l.Result != nil || l.Problem != nil {
			out.ImportLine = l
		}
	}
	if out.Problem != nil {
		out.Refused = out.Problem.Detail
	}
	if out.Result == nil {
		return nil, errors.New("the answer of an import has no end")
	}
	return out, nil
}
