package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/template"
	"tocsin/cap"
	"tocsin/cap/event"
)

// maxValues bounds the values of a template, in bytes: a polygon of many points takes some of it.
const maxValues = 2 << 20

// Prepared is a template in the list of them.
type Prepared struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	About   string `json:"about,omitempty"`
	// AboutIn is About in each language of the template, where its file has it.
	AboutIn   map[string]string `json:"about_in,omitempty"`
	Hazard    event.Hazard      `json:"hazard"`
	Severity  cap.Severity      `json:"severity"`
	Statuses  []cap.Status      `json:"statuses"`
	Languages []string          `json:"languages"`
	// Events is what each language calls the danger, by its tag.
	Events map[string]string `json:"events"`
}

// PreparedList is what is prepared, and the files that are no templates.
type PreparedList struct {
	Templates []Prepared         `json:"templates"`
	Broken    []*template.Broken `json:"broken,omitempty"`
}

// templates lists what is prepared, and the files that are no templates.
func (c *Console) templates(w http.ResponseWriter, _ *http.Request, _ alerting.Actor) error {
	if c.Templates == nil {
		return errNoTemplates()
	}
	good, broken, err := c.Templates.Read()
	if err != nil {
		return fmt.Errorf("%w: %w", alerting.ErrUnavailable, err)
	}
	answer := PreparedList{Templates: []Prepared{}, Broken: broken}
	for _, t := range good {
		events := make(map[string]string, len(t.Texts))
		for i := range t.Texts {
			events[t.Texts[i].Language] = t.Texts[i].Event
		}
		answer.Templates = append(answer.Templates, Prepared{ID: t.ID, Version: t.Version, About: t.About, AboutIn: t.AboutIn, Hazard: t.Hazard,
			Severity: t.Severity, Statuses: t.Statuses, Languages: t.Languages(), Events: events})
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func errNoTemplates() error {
	return alerting.Refuse(alerting.ErrNotFound, "templates.off", "no templates are prepared here: name their folder in the configuration (templates.dir)")
}

func (c *Console) find(r *http.Request) (*template.Template, error) {
	if c.Templates == nil {
		return nil, errNoTemplates()
	}
	return c.Templates.Find(r.PathValue("id"))
}

func (c *Console) template(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	t, err := c.find(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, t)
	return nil
}

// fillTemplate answers with a document. Nothing is issued: who looked at it posts it to /api/alerts, with its order.
func (c *Console) fillTemplate(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	t, err := c.find(r)
	if err != nil {
		return err
	}
	request, err := readValues(http.MaxBytesReader(w, r.Body, maxValues))
	if err != nil {
		return err
	}
	filled, err := c.Fill(r.Context(), t, request)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, AnswerOf(filled))
	return nil
}

// Filled is the answer to filling a template.
type Filled struct {
	Document string         `json:"document"`
	Order    template.Order `json:"order"`
	Findings cap.Findings   `json:"findings"`
	// Filled names template and values, for the header Tocsin-Filled; empty when they are too long for it.
	Filled string `json:"filled,omitempty"`
}

// AnswerOf is the answer of a filled template.
func AnswerOf(filled *template.Filled) Filled {
	claim, err := filled.Claim()
	if err != nil {
		claim = "" // the document is good all the same
	}
	return Filled{string(filled.Document), filled.Order, append(cap.Findings{}, filled.Findings...), claim}
}

// readValues reads {"values": {…}, "status": "Exercise", "note": "…"}.
func readValues(body io.Reader) (template.Request, error) {
	var in struct {
		Values map[string]any `json:"values"`
		Status cap.Status     `json:"status"`
		Note   string         `json:"note"`
	}
	text, err := io.ReadAll(body)
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return template.Request{}, alerting.Refuse(alerting.ErrInvalid, "template.large", "body: it has more than %d bytes: leave out the points of the area that no map shows", large.Limit)
	}
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		d.UseNumber()
		if err = d.Decode(&in); err == nil && d.More() {
			err = errors.New("something follows it")
		}
	}
	if err != nil {
		return template.Request{}, fmt.Errorf("%w: body: want {\"values\": {\"SLOT\": …}, \"status\": \"Actual\", \"note\": \"…\"}: %w", alerting.ErrInvalid, err)
	}
	return template.Request{Values: in.Values, Status: in.Status, Note: in.Note}, nil
}
