package console

import (
	"encoding/json"
	"fmt"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/template"
	"tocsin/cap"
)

// filledHeader carries what filling a template has answered as `filled`.
const filledHeader = "Tocsin-Filled"

// readFilled is readOrder, with the template that the document came from when a header says so. What is no such header is refused.
// One that is not true, or speaks of a template that is not here, changes nothing; the remarks then say why nothing is remembered.
func (c *Console) readFilled(w http.ResponseWriter, r *http.Request, by alerting.Actor) (document []byte, o desk.Order, remarks cap.Findings, err error) {
	if document, o, err = c.readOrder(w, r, by); err != nil {
		return nil, o, nil, err
	}
	text := r.Header.Get(filledHeader)
	if text == "" {
		return document, o, nil, nil
	}
	claim, err := template.ParseClaim(text)
	if err != nil {
		return nil, o, nil, fmt.Errorf("%s: %w", filledHeader, err)
	}
	a, _ := cap.Read(document, cap.Options{MaxBytes: c.MaxBytes})
	if a == nil {
		return document, o, nil, nil // the desk says what is wrong with it
	}
	origin, err := c.recall(a, claim)
	if err == nil {
		_, err = origin.Encode()
	}
	if err != nil {
		remarks = cap.Findings{{ID: "template.filled", Path: "alert", Level: cap.LevelAdvice,
			Message: "it is not remembered from which template it came, so an update takes a document, and its end is told in general words: " + err.Error()}}
		return document, o, remarks, nil
	}
	o.Origin = origin
	return document, o, nil, nil
}

// recall asks the office's own template whether a claim is true.
func (c *Console) recall(a *cap.Alert, claim template.Claim) (*alerting.Origin, error) {
	if c.Templates == nil {
		return nil, errNoTemplates()
	}
	t, err := c.Templates.Find(claim.Template)
	if err != nil {
		return nil, err
	}
	return t.Recall(a, claim, c.zone())
}

// templateChange is the body of an update from a template: what has changed.
type templateChange struct {
	Values map[string]any `json:"values"`
	Note   string         `json:"note,omitempty"`
}

// refill issues the update of an alert from its template.
func (c *Console) refill(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		c.refuse(w, r, err)
		return nil
	}
	change, err := readValues(http.MaxBytesReader(w, r.Body, maxValues))
	if err == nil && change.Status != "" {
		err = alerting.Refuse(alerting.ErrInvalid, "request.update-status", "body: status: an update keeps that of its alert: leave it out")
	}
	if err != nil {
		c.refuse(w, r, err)
		return nil
	}
	asked, err := json.Marshal(templateChange{change.Values, change.Note})
	if err != nil {
		c.refuse(w, r, fmt.Errorf("%w: body: %w", alerting.ErrInvalid, err))
		return nil
	}
	var remarks cap.Findings
	a, err := c.Desk.Refill(r.Context(), id, asked, desk.Order{Actor: by}, func(original *alerting.Issued) ([]byte, *alerting.Origin, error) {
		filled, found, err := c.fillAgain(r, original, change)
		if err != nil {
			return nil, nil, err
		}
		remarks = found
		return filled.Document, filled.Origin, nil
	})
	a.Findings = append(a.Findings, remarks...)
	c.answer(w, r, a, err)
	return nil
}

// fillAgain fills the template of an alert with what has changed; the other values stay as they were. A template that was changed
// meanwhile speaks in its present words, and that is remarked.
func (c *Console) fillAgain(r *http.Request, original *alerting.Issued, change template.Request) (*template.Filled, cap.Findings, error) {
	if c.Templates == nil {
		return nil, nil, errNoTemplates()
	}
	origin := original.Origin
	t, err := c.Templates.Find(origin.Template)
	if err != nil {
		return nil, nil, err
	}
	request := t.Again(original.Alert, origin.Values, template.Request{Values: change.Values, Status: original.Alert.Status, Note: change.Note, Update: true})
	if request.Note == "" && request.Status != cap.StatusActual {
		request.Note = original.Alert.Note // an exercise is named there (CAP 1.2 §3.2.1)
	}
	filled, err := c.Fill(r.Context(), t, request)
	if err != nil || t.Digest == origin.Digest {
		return filled, nil, err
	}
	return filled, cap.Findings{{ID: "template.changed", Path: "alert", Level: cap.LevelAdvice,
		Message: fmt.Sprintf("the template was changed since: the alert is of %s, and the update of version %d", origin, t.Version)}}, nil
}
