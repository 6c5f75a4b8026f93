package pages

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"tocsin/alerting/audience"
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
		{pattern: "GET /office/imports", answer: importList},
		{pattern: "GET /office/imports/{id}", answer: importPage},
	}
}

// importForm takes a file. Columns are what its first line may name.
type importForm struct {
	// What is people, sirens or units; Action is where the form goes.
	What, Action string
	Columns      []string
	Problem      string
	// Latest are the imports of late, on the page of people.
	Latest []console.Importing
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
	f := importFormOf("people")
	if q.May("import") {
		if err := q.get("/api/imports", &f.Latest); err != nil {
			return err
		}
	}
	return q.show("office/people", q.T("office.people"), f)
}

// importsOf hands a file on to the API, and leads to the page that says how the import goes on. A short one is over by then.
func importsOf(what string) func(q *request) error {
	return func(q *request) error {
		file, header, err := q.r.FormFile("file")
		if err != nil {
			return q.importAgain(what, http.StatusBadRequest, q.T("office.import.nofile"))
		}
		media := "text/csv"
		if name := strings.ToLower(header.Filename); what == "units" && (strings.HasSuffix(name, "json")) {
			media = "application/geo+json"
		}
		page, err := q.beginImport("/api/"+what, media, file, header.Size)
		if problem := asProblem(err); problem != nil {
			return q.importAgain(what, problem.Status, problem.Error())
		}
		if err != nil {
			return err
		}
		return q.goTo(page, "")
	}
}

// importAgain shows the form again, with what was wrong.
func (q *request) importAgain(what string, status int, problem string) error {
	f := importFormOf(what)
	f.Problem = problem
	return q.showAs(status, "office/import", q.T("office.import."+what), f)
}

// imported is an import as it goes on, or how it ended.
type imported struct {
	console.Importing
	// Refused is why it ended before its end.
	Refused string
}

// Over reports whether it goes on no more.
func (i *imported) Over() bool { return !i.Ended.IsZero() }

// Kind is what is imported, as the words name it: outlines are units.
func (i *imported) Kind() string {
	if i.What == "outlines" {
		return "units"
	}
	return i.What
}

// Share is how much of the file was read, in hundredths; -1 where nobody knows how long it is.
func (i *imported) Share() int64 {
	if i.Size <= 0 {
		return -1
	}
	return min(100, 100*i.Progress.Bytes/i.Size)
}

func importPage(q *request) error {
	i := &imported{}
	if err := q.get("/api/imports/"+url.PathEscape(q.r.PathValue("id")), &i.Importing); err != nil {
		return err
	}
	if i.Problem != nil {
		i.Refused = i.Problem.Detail
	}
	return q.show("office/imported", q.T("office.imported."+i.Kind()), i)
}

// importList are the imports of late.
func importList(q *request) error {
	var all []console.Importing
	if err := q.get("/api/imports", &all); err != nil {
		return err
	}
	return q.show("office/imports", q.T("office.imports"), all)
}

// ImportKind is what an import is of, in words.
func (q *request) ImportKind(i console.Importing) string {
	return q.T("office.imported." + (&imported{Importing: i}).Kind())
}

// ImportFault is something in a file that somebody must look at, on one line and in the reader's language.
func (q *request) ImportFault(p audience.Problem) string {
	p.What = q.Said(p.What)
	if q.Lang != "zh" {
		return p.String()
	}
	said := q.ImportPlace(p.Where)
	if p.Where == "" {
		said = q.T("office.import.at", p.Line)
	}
	if p.Column != "" {
		said += q.T("pause") + q.T("office.import.in", p.Column)
	}
	return said + q.T("colon") + p.What
}

// importPlaces are the parts of a place in a file of outlines: feature 3 (SAME=006109), polygon 1, ring 2.
var importPlaces = regexp.MustCompile(`(?:^|, )(feature|polygon|ring) (\d+)`)

// ImportPlace is the place in a file of outlines, in the reader's language.
func (q *request) ImportPlace(where string) string {
	if q.Lang != "zh" {
		return where
	}
	return importPlaces.ReplaceAllStringFunc(where, func(part string) string {
		found := importPlaces.FindStringSubmatch(part)
		return q.T("office.import.place."+found[1], found[2])
	})
}
